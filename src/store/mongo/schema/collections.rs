//! The declaration: every collection with its fields and indexes, in the seed's names.
//!
//! Numbers of ours (products, items, entries, withdrawals) are `long` and stand without the prefix
//! that people see: item 7 is `itm_7`. `number` is the order of arrival, which is what *newest first*
//! means: the batch in the upper bits, the place in it in the lower ones.

use super::{Collection, Field, Index, Only};

/// A field that the journal covers.
const fn told(name: &'static str, kind: &'static str, meaning: &'static str) -> Field {
    Field { name, kind, meaning, journalled: true }
}

/// A field that the journal does not cover.
const fn only(name: &'static str, kind: &'static str, meaning: &'static str) -> Field {
    Field { name, kind, meaning, journalled: false }
}

const fn index(keys: &'static [(&'static str, i32)]) -> Index {
    Index { keys, unique: false, only: None }
}

const fn unique(keys: &'static [(&'static str, i32)]) -> Index {
    Index { keys, unique: true, only: None }
}

/// Every collection. The first seven are the seed's with its seven groups of indexes; what our own
/// queries need comes after those.
pub const COLLECTIONS: &[Collection] = &[
    Collection {
        name: "user",
        meaning: "a customer of one shop: his balance there and what is known of him",
        fields: &[
            only("_id", "objectId", "MongoDB's own"),
            told("tenant", "string", "the shop: `master` or `agent:<agent_id>`"),
            told("user_id", "long", "Telegram's id of him"),
            told("USDT", "decimal", "his balance in this shop, never below zero"),
            only(
                "fullname",
                "string",
                "his name as Telegram last told it; missing before his first contact",
            ),
            only("username", "string", "his public name without the `@`, if he has one"),
            only("lang", "string", "the language he chose, `en` or `zh`"),
            only("creation_time", "date", "his first contact"),
        ],
        indexes: &[unique(&[("tenant", 1), ("user_id", 1)])],
    },
    Collection {
        name: "gmjlu",
        meaning: "an order, paid",
        fields: &[
            told("_id", "string", "its id, `ord_…`"),
            only("number", "long", "its place in the order of arrival"),
            told("tenant", "string", "the shop"),
            told("user_id", "long", "the customer"),
            told("sold_by.type", "string", "`master` or `agent`"),
            told("sold_by.agent_id", "string", "the agent, if one sold it"),
            told("nowuid", "long", "the product"),
            told("projectname", "string", "the product's name when it was sold"),
            told("leixing", "string", "what its items are, `line` or `file`"),
            told("count", "int", "how many items"),
            told("base_price", "decimal", "what the platform gets for one item"),
            told("agent_price", "decimal", "what the customer paid for one item"),
            told("markup_value", "decimal", "the agent's part of one item's price"),
            told("total", "decimal", "what the customer paid"),
            told("items", "array of long", "the items, in the order they are delivered"),
            told("time", "date", "when it was paid"),
            told("delivered", "bool", "whether Telegram accepted every part"),
            told("delivery.state", "string", "`pending`, `awaiting` or `delivered`"),
            told("delivery.cause", "string", "why it waits for its customer, when it does"),
            told("delivery.at", "date", "when it was delivered"),
        ],
        indexes: &[
            index(&[("tenant", 1), ("number", -1)]),
            index(&[("sold_by.type", 1)]),
            index(&[("time", -1)]),
            index(&[("user_id", 1), ("tenant", 1), ("number", -1)]),
            unique(&[("number", -1)]),
            Index {
                keys: &[("delivered", 1), ("number", -1)],
                unique: false,
                only: Some(Only::Flag("delivered", false)),
            },
        ],
    },
    Collection {
        name: "topup",
        meaning: "money that a customer was given; so far by an admin only",
        fields: &[
            only("_id", "long", "its place in the order of arrival"),
            told("tenant", "string", "the shop"),
            told("user_id", "long", "the customer"),
            told("usdt", "decimal", "how much"),
            only("cz_type", "string", "how it came: `admin`"),
            only("status", "string", "`success`"),
            told("time", "date", "when"),
            told("admin", "long", "which admin"),
            told("reason", "string", "his words"),
        ],
        indexes: &[index(&[("tenant", 1)]), index(&[("status", 1)]), index(&[("time", -1)])],
    },
    Collection {
        name: "hb",
        meaning: "one sellable item",
        fields: &[
            told("_id", "long", "its number; items are sold in this order"),
            told("nowuid", "long", "the product"),
            told("state", "int", "0 available, 1 sold"),
            told("content", "binary", "the keyed fingerprint of its content"),
            told("order_id", "string", "the order it belongs to, once it is sold"),
            only(
                "goods",
                "string",
                "its content, sealed; missing for a file, whose content is in `blobs`",
            ),
        ],
        indexes: &[index(&[("nowuid", 1), ("state", 1)]), index(&[("content", 1)])],
    },
    Collection {
        name: "agents",
        meaning: "a shop: an agent's, or the master's own, which has no `agent_id`",
        fields: &[
            told("_id", "string", "the shop: `master` or `agent:<agent_id>`"),
            told("agent_id", "string", "the agent"),
            told("name", "string", "the shop's name"),
            told("status", "string", "`active`, or `paused`: it sells nothing"),
            told("bot.id", "long", "Telegram's id of its bot"),
            told("bot.username", "string", "the bot's name in links"),
            told("bot.token", "string", "the keyed fingerprint of the bot's token"),
            only("bot_token_encrypted", "string", "the token, sealed"),
            told("owner_user_id", "long", "the agent's owner, once the invitation was used"),
            told("link.code", "string", "the keyed fingerprint of the open invitation"),
            told("link.expires_at", "date", "when the invitation ends"),
            told("pricing.markup_type", "string", "`percent` or `fixed`"),
            told("pricing.markup_value", "decimal", "percent of the base price, or USDT an item"),
            told("pricing.floor", "decimal", "the unit price is at least this"),
            told("pricing.cap", "decimal", "the unit price is at most this"),
            told("payout.wallet_address", "string", "where withdrawals are paid to (TRC20)"),
            told("payout.min_withdrawal", "decimal", "the agent's own smallest withdrawal"),
            told("payout.fee", "decimal", "the agent's own fee of a withdrawal"),
            told("maturity_ms", "long", "the agent's own maturity of profit, in milliseconds"),
            told("created_at", "date", "since when it exists"),
            only("updated_at", "date", "when something of it was last changed"),
        ],
        indexes: &[
            Index { keys: &[("agent_id", 1)], unique: true, only: Some(Only::Having("agent_id")) },
            unique(&[("bot.id", 1)]),
        ],
    },
    Collection {
        name: "agent_ledger",
        meaning: "the profit of one sale of an agent",
        fields: &[
            told("_id", "long", "its number; entries are consumed in this order"),
            told("agent_id", "string", "whose profit"),
            told("order_id", "string", "of which order"),
            only("type", "string", "`sale`"),
            told(
                "status",
                "string",
                "`pending`, `matured`, or `withdrawn` when withdrawals have used it up",
            ),
            only("base_price", "decimal", "the order's, for one item"),
            only("agent_price", "decimal", "the order's, for one item"),
            only("markup_per_item", "decimal", "the order's"),
            only("qty", "int", "the order's"),
            told("profit", "decimal", "what was earned"),
            told("remaining", "decimal", "what no withdrawal has consumed"),
            told("created_at", "date", "when it was earned"),
            told("mature_at", "date", "when it is due"),
            told("matured_at", "date", "when it matured"),
        ],
        indexes: &[
            index(&[("agent_id", 1), ("status", 1)]),
            index(&[("status", 1), ("mature_at", 1)]),
        ],
    },
    Collection {
        name: "agent_withdrawals",
        meaning: "an agent's request to be paid",
        fields: &[
            told("_id", "long", "its number"),
            told("agent_id", "string", "whose profit"),
            told("status", "string", "`requested`, `approved`, `paid` or `rejected`"),
            told("amount", "decimal", "what leaves the available profit"),
            told("fee", "decimal", "what the platform keeps of it"),
            told("net", "decimal", "what is paid out"),
            told("wallet_address", "string", "where to (TRC20)"),
            told("requested_by", "long", "the owner who asked"),
            told("requested_at", "date", "when"),
            told("allocations.entry", "long", "a profit entry that it consumes"),
            told("allocations.amount", "decimal", "how much of that entry"),
            told("approved_by", "long", "the admin who agreed; compared only until it is paid"),
            told("approved_at", "date", "when; compared only until it is paid"),
            told("paid_by", "long", "the admin who recorded the payment"),
            told("paid_at", "date", "when"),
            told("txid", "string", "the transaction that paid it, and no other"),
            told("rejected_by", "long", "the admin who refused"),
            told("rejected_at", "date", "when"),
            told("reject_reason", "string", "his words"),
        ],
        indexes: &[
            index(&[("agent_id", 1), ("status", 1), ("_id", -1)]),
            index(&[("status", 1), ("_id", -1)]),
            Index { keys: &[("txid", 1)], unique: true, only: Some(Only::Having("txid")) },
        ],
    },
    Collection {
        name: "fenlei",
        meaning: "a category of the catalogue",
        fields: &[
            told("_id", "long", "its number; categories are shown in this order"),
            told("projectname", "string", "its name"),
        ],
        indexes: &[],
    },
    Collection {
        name: "ejfl",
        meaning: "a product of the catalogue",
        fields: &[
            told(
                "_id",
                "long",
                "its number, `nowuid` in other collections; products are shown in this order",
            ),
            told("uid", "long", "the category"),
            told("projectname", "string", "its name"),
            told("text", "string", "its description"),
            told("money", "decimal", "its base price; missing while it is not for sale"),
            told("leixing", "string", "what its items are, `line` or `file`"),
            told("listed", "bool", "whether customers see it"),
        ],
        indexes: &[],
    },
    Collection {
        name: "accounts",
        meaning: "an account of the book that is no customer's; those are in `user`",
        fields: &[
            told("_id", "string", "its name, `revenue` or `agent/<agent_id>/pending`"),
            told("USDT", "decimal", "its balance; all of them and all of `user` sum to zero"),
        ],
        indexes: &[],
    },
    Collection {
        name: "commands",
        meaning: "an accepted command that is still remembered",
        fields: &[
            told("_id", "string", "shop, caller and id, with blanks between"),
            told("time", "date", "when it was decided"),
            told("machine", "string", "who decided it, `stock` or `ledger`"),
            told("outcome", "string", "its answer, JSON"),
        ],
        indexes: &[index(&[("time", 1)])],
    },
    Collection {
        name: "quarantine",
        meaning: "a command that was set aside",
        fields: &[
            told("_id", "string", "shop, caller and id, with blanks between"),
            told("what", "string", "what it was, in one word"),
            told("time", "date", "when"),
        ],
        indexes: &[index(&[("time", -1), ("_id", 1)])],
    },
    Collection {
        name: "journal",
        meaning: "one batch, or a part of a large one: the proof of everything else",
        fields: &[
            only("_id", "long", "the batch times 256 plus the part"),
            told("seq", "long", "which batch; the first is 1"),
            only("part", "int", "which part of it, from 0"),
            only("parts", "int", "how many parts it has"),
            told("epoch", "long", "the leader that wrote it"),
            told("hash", "binary", "SHA-256 of all its bytes"),
            told("bytes", "binary", "commands and facts, JSON; holds the hash of the batch before"),
        ],
        indexes: &[],
    },
    Collection {
        name: "meta",
        meaning: "the head, the lease, the schema's version and named values of the installation",
        fields: &[
            only("_id", "string", "`head`, `lease`, `schema` or `value:<name>`"),
            told("epoch", "long", "head: the leader"),
            told("seq", "long", "head: the last batch"),
            told("hash", "binary", "head: its hash"),
            only("version", "long", "schema: its version"),
            only("holder", "string", "lease: who leads; null when it was given back"),
            only("beat", "long", "lease: grows with every renewal"),
            only("ttl_ms", "long", "lease: how long it may stand still, in milliseconds"),
            only("process", "long", "lease: the leader's process id, for people"),
            only("value", "string", "a named value"),
        ],
        indexes: &[],
    },
    Collection {
        name: "dialogs",
        meaning: "where a chat's dialog stands",
        fields: &[
            only("_id", "string", "shop and chat, with a blank between"),
            only("update", "long", "the last update that was handled"),
            only("state", "string", "the dialog's own form, JSON"),
        ],
        indexes: &[],
    },
    Collection {
        name: "inbox",
        meaning: "an update that waits for its chat",
        fields: &[
            only("_id", "string", "bot and update, with a blank between"),
            only("number", "long", "its place in the order of arrival"),
            only("bot", "long", "Telegram's id of the bot"),
            only("update", "long", "Telegram's id of the update"),
            only("time", "date", "when it came here first"),
            only("sealed", "string", "the update, sealed"),
        ],
        indexes: &[index(&[("bot", 1), ("number", 1)])],
    },
    Collection {
        name: "dead_letters",
        meaning: "an update that failed twice and was confirmed unhandled",
        fields: &[
            only("_id", "string", "bot and update, with a blank between"),
            only("reason", "string", "why, without any secret"),
            only("time", "date", "when"),
        ],
        indexes: &[index(&[("time", -1), ("_id", 1)])],
    },
    Collection {
        name: "blobs",
        meaning: "a chunk of a file's sealed content",
        fields: &[
            only("_id", "objectId", "MongoDB's own"),
            only("content", "binary", "the keyed fingerprint of the whole content"),
            only("part", "int", "which chunk, from 0"),
            only("time", "date", "when it was uploaded"),
            only("bytes", "binary", "the chunk"),
        ],
        indexes: &[unique(&[("content", 1), ("part", 1)]), index(&[("part", 1), ("time", 1)])],
    },
];
