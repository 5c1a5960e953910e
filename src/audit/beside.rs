//! What the journal does not explain: chats, customers, the inbox, dead letters, sealed values.
//!
//! No record says how these came about, so nothing can be recomputed; what is checked is that each
//! belongs to a shop, is within its bound, and is what the law that made it durable needs it to be.

use super::{Findings, text};
use crate::domain::chronicle::Chronicle;
use crate::domain::id::{ItemId, TenantId, UserId};
use crate::domain::invariant::Violation;
use crate::domain::order::Delivery;
use crate::store::batch::{ChatState, DialogRecord, HANDLED_MAX};
use crate::store::query::Unjournalled;
use std::collections::{BTreeMap, BTreeSet};

/// What the store has and lacks beside its documents.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// Items without their sealed content.
    pub missing_goods: Vec<ItemId>,
    /// Agents' shops without their bot's sealed token.
    pub missing_tokens: Vec<TenantId>,
    /// What is kept and not journalled.
    pub records: Unjournalled,
    /// Updates that one bot's inbox may hold (`telegram.inbox_max`). What a bot fetched last may
    /// come on top: it looks at the bound before it fetches.
    pub inbox_max: usize,
}

/// Checks all of it against the documents.
pub(super) fn check(beside: &Beside, documents: &Chronicle, found: &mut Vec<Violation>) {
    goods(&beside.missing_goods, documents, found);
    for tenant in &beside.missing_tokens {
        Findings::new(8, "tokens_are_there", found)
            .add(tenant, "the token of the shop's bot is missing");
    }
    for dialog in &beside.records.dialogs {
        chat(dialog, found);
    }
    shops(&beside.records, documents, found);
    inbox(beside, documents, found);
    for astray in &beside.records.astray {
        Findings::new(13, "search_fields_are_their_documents", found)
            .add(&astray.of, format!("{} is not what the document says", astray.field));
    }
}

/// Goods of unsold items and of undelivered orders are owed to somebody; those of delivered ones are
/// promised to whoever asks for his order again.
fn goods(missing: &[ItemId], documents: &Chronicle, found: &mut Vec<Violation>) {
    for item in missing {
        let order = documents.items.get(item).and_then(|item| item.order.as_ref());
        let order = order.and_then(|id| documents.orders.get(id));
        let whose = match order.map(|order| order.delivery) {
            None => "an unsold item",
            Some(Delivery::Delivered { .. }) => "a delivered order",
            Some(Delivery::Pending | Delivery::Awaiting { .. }) => "a paid order on its way",
        };
        Findings::new(4, "goods_are_there", found)
            .add(item, format!("the content of {whose} is missing"));
    }
}

/// Law 1: an update is confirmed when its chat's record has it, so the record must be readable and
/// have it. Law 12: it has no more than can come again. Law 10: no word of it is a token.
fn chat(dialog: &DialogRecord, found: &mut Vec<Violation>) {
    let id = format!("dialogs/{}/{}", dialog.tenant, dialog.chat);
    let state: Option<ChatState> = serde_json::from_str(&dialog.state).ok();
    let handled = state.map(|state| state.handled);
    let mut findings = Findings::new(1, "chats_know_their_last_update", found);
    match &handled {
        None => findings.add(&id, "cannot be read: updates that come again would be new"),
        Some(handled) if handled.back() != Some(&dialog.update) => {
            findings.add(&id, format!("update {} is not the last it handled", dialog.update));
        }
        Some(_) => {}
    }
    let remembered = handled.map_or(0, |handled| handled.len());
    if remembered > HANDLED_MAX {
        Findings::new(12, "chats_remember_so_much", found)
            .add(&id, format!("remembers {remembered} updates, the bound is {HANDLED_MAX}"));
    }
    if text::holds_token(dialog.state.as_bytes()) {
        Findings::new(10, "no_token_is_stored", found)
            .add(&id, "holds text of the shape of a bot token");
    }
}

/// Law 8: what a chat or a bot left behind is its own shop's.
fn shops(records: &Unjournalled, documents: &Chronicle, found: &mut Vec<Violation>) {
    let mut findings = Findings::new(8, "chats_are_of_a_shop", found);
    let mut need = |tenant: &TenantId, id: String| {
        if !documents.tenants.contains_key(tenant) {
            findings.pair(id, tenant, "the shop does not exist");
        }
    };
    for dialog in &records.dialogs {
        need(&dialog.tenant, format!("dialogs/{}/{}", dialog.tenant, dialog.chat));
    }
    for profile in &records.profiles {
        need(&profile.tenant, format!("profiles/{}/{}", profile.tenant, profile.user));
    }
}

/// Who takes an update up again when the fleet starts, that there are not too many, and that one that
/// was given up does not wait. Dead letters may be of a bot that the master had before.
fn inbox(beside: &Beside, documents: &Chronicle, found: &mut Vec<Violation>) {
    let bots: BTreeSet<UserId> = documents.tenants.values().map(|tenant| tenant.bot.id).collect();
    let mut waiting: BTreeMap<UserId, usize> = BTreeMap::new();
    for (bot, update) in &beside.records.inbox {
        *waiting.entry(*bot).or_default() += 1;
        if !bots.contains(bot) {
            Findings::new(8, "waiting_updates_are_of_a_bot", found)
                .add(format_args!("inbox/{bot}/{update}"), "no shop has this bot: nobody reads it");
        }
    }
    for (bot, count) in waiting {
        if count > beside.inbox_max.saturating_add(HANDLED_MAX) {
            Findings::new(12, "inboxes_hold_so_much", found).add(
                format_args!("inbox/{bot}"),
                format!("holds {count} updates, the bound is {}", beside.inbox_max),
            );
        }
    }
    let waiting: BTreeSet<&(UserId, u64)> = beside.records.inbox.iter().collect();
    for letter in &beside.records.dead_letters {
        let id = format!("dead_letters/{}/{}", letter.bot, letter.update);
        if waiting.contains(&(letter.bot, letter.update)) {
            Findings::new(8, "dead_letters_are_confirmed", found)
                .add(&id, "was given up and waits in the inbox all the same");
        }
        if text::holds_token(letter.reason.as_bytes()) {
            Findings::new(10, "no_token_is_stored", found)
                .add(&id, "holds text of the shape of a bot token");
        }
    }
}
