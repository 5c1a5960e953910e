//! Durable batches: who gave each command, what it caused, and what follows for every law.

use super::Court;
use crate::domain::access::{Access, Right};
use crate::domain::event::{CoreCommand, Event};
use crate::domain::invariant::{self, history};
use crate::domain::ledger::{Account, LedgerEvent};
use crate::domain::money::Money;
use crate::domain::order::Order;
use crate::domain::stock::StockEvent;
use crate::domain::time::Timestamp;
use crate::sim::law::{Breach, Law};
use crate::store::Head;
use crate::store::batch::{Batch, BatchEntry, Record};

impl Court {
    /// A batch is durable.
    pub(super) fn batch(&mut self, at: Timestamp, batch: &Batch, head: &Head) {
        self.follows(at, batch, head);
        for entry in batch.entries.iter() {
            self.authority(at, entry);
            let mut found = Vec::new();
            history::follow(&mut self.documents, &entry.command, &entry.events, &mut found);
            for law in [Law::Once, Law::Money, Law::Goods] {
                self.count(law);
            }
            for violation in &found {
                self.breaches.push(Breach::of(violation, at));
            }
            for event in &entry.events {
                self.fact(at, event);
            }
        }
        for record in &batch.records {
            if let Record::DeadLetter { bot, .. } = record {
                self.silence.buried(bot.number());
            }
        }
    }

    /// Law 13: in the latest epoch, behind the batch before.
    fn follows(&mut self, at: Timestamp, batch: &Batch, head: &Head) {
        self.count(Law::OneWriter);
        let before = &self.head;
        let follows = batch.follows.seq == before.seq
            && batch.follows.hash == before.hash
            && batch.follows.epoch >= before.epoch
            && head.seq == before.seq + 1
            && head.epoch == batch.follows.epoch;
        if !follows {
            let says = format!(
                "batch {} of epoch {} follows batch {} of epoch {}",
                head.seq, head.epoch, before.seq, before.epoch
            );
            self.breach(Law::OneWriter, at, says);
        }
        self.head = head.clone();
    }

    /// Law 6: whoever gave the command may give it, and an order was tapped by its customer.
    fn authority(&mut self, at: Timestamp, entry: &BatchEntry) {
        self.count(Law::Authority);
        let (right, caller, tenant, word) = match &entry.command {
            CoreCommand::Stock(command) => (Right::Admin, command.caller, &command.tenant, "stock"),
            CoreCommand::Ledger(command) => {
                (command.body.right(), command.caller, &command.tenant, command.body.word())
            }
        };
        // Until its shop is open, the master's registration has none.
        let shop = self.documents.tenants.get(tenant);
        let access = Access { admins: self.admins.clone() };
        let allowed = access.check(right, caller, tenant, shop).is_ok();
        if !allowed {
            let says = format!("{word} was recorded for {caller} in {tenant}");
            self.breach(Law::Authority, at, says);
        }
    }

    fn fact(&mut self, at: Timestamp, event: &Event) {
        match event {
            Event::Stock(StockEvent::ItemsAdded { items, .. }) => {
                for (item, content) in items {
                    self.contents.insert(*content, *item);
                }
            }
            Event::Stock(_) => {}
            Event::Ledger(LedgerEvent::OrderPlaced(order)) => self.ordered(at, order),
            Event::Ledger(LedgerEvent::Moved { transfer, .. }) => {
                self.note_balance(&transfer.from);
                self.note_balance(&transfer.to);
            }
            Event::Ledger(_) => {}
        }
    }

    /// Laws 5 and 6 for one order.
    fn ordered(&mut self, at: Timestamp, order: &Order) {
        self.counts.orders += 1;
        self.count(Law::Price);
        let (body, user) = (order.id.body().to_owned(), order.user.number());
        if !self.taps.contains(&(body.clone(), user)) {
            self.breach(Law::Authority, at, format!("{} was never confirmed by {user}", order.id));
        }
        let told = format!("{} USDT", order.total);
        match self.offers.get(&body) {
            Some((to, total)) if *to == user && *total == told => {}
            Some((to, total)) => {
                let says = format!("{} costs {told}, {to} was offered {total}", order.id);
                self.breach(Law::Price, at, says);
            }
            None => self.breach(Law::Price, at, format!("{} was never offered", order.id)),
        }
    }

    fn note_balance(&mut self, account: &Account) {
        if let Account::Customer(tenant, user) = account {
            let balance = self.documents.balances.get(account).copied().unwrap_or(Money::ZERO);
            let had = self.balances.entry((tenant.clone(), user.number())).or_default();
            had.insert(Money::ZERO);
            had.insert(balance);
        }
    }

    /// Every law on all documents.
    pub(in crate::sim) fn all_documents(&mut self) {
        let at = self.now;
        for violation in invariant::check(&self.documents) {
            self.breaches.push(Breach::of(&violation, at));
        }
        for law in [Law::Once, Law::Money, Law::Goods, Law::Price, Law::Deposits] {
            self.count(law);
        }
    }
}
