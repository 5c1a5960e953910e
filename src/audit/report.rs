//! What an audit found, for people and for scripts, and what it did not look at.

use super::count;
use crate::domain::chronicle::Chronicle;
use crate::domain::invariant::{Check, INVARIANTS, Violation};
use crate::store::Head;
use crate::store::journal::hex;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use std::fmt;

/// What no audit of a store can show, or this one does not look at.
pub const NOT_COVERED: &[&str] = &[
    "laws 1, 8 and 12 at work: when an answer left, whom a failure kept waiting, how full a queue in memory was",
    "law 9 beyond the accounts: no deposit can be recorded yet, so its accounts have to be empty",
    "what dialogs, profiles, inbox and dead letters say: they are not journalled, only their shops, bounds and last updates are checked",
    "the plain text of goods and tokens: the audit has no keys",
    "Telegram's own state: whether a delivered message is still in its chat",
    "payments outside: whether a TXID exists on its chain",
    "who was an admin at the time, and the rules in force: both are configuration",
    "the promised quote behind an order: quotes live in memory and are not recorded",
    "whether the recorded commands would be decided the same again: that is `replay`",
    "answers that left before they were durable, and commands that were refused",
    "remembered answers older than the store keeps them",
];

/// The findings of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The head that the documents were read at.
    #[serde(serialize_with = "head")]
    pub head: Head,
    /// How much was looked at.
    pub checked: Checked,
    /// What is wrong, law by law.
    pub violations: Vec<Violation>,
    /// What was looked for, law by law.
    pub checks: Vec<Check>,
    /// What was not looked at.
    pub not_covered: Vec<&'static str>,
}

/// Numbers of what was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// Laws on documents.
    pub invariants: u64,
    /// Journal records whose hash and link were verified.
    pub journal_records: u64,
    /// Recorded commands that were followed.
    pub commands: u64,
    /// Shops.
    pub tenants: u64,
    /// Products.
    pub products: u64,
    /// Items, sold or not.
    pub items: u64,
    /// Orders.
    pub orders: u64,
    /// Accounts that hold something.
    pub accounts: u64,
    /// Credits.
    pub credits: u64,
    /// Profit entries.
    pub entries: u64,
    /// Withdrawals.
    pub withdrawals: u64,
    /// Remembered answers.
    pub answers: u64,
}

impl Checked {
    pub(super) fn count_documents(&mut self, documents: &Chronicle) {
        *self = Self {
            invariants: count(INVARIANTS.len()),
            journal_records: self.journal_records,
            commands: self.commands,
            tenants: count(documents.tenants.len()),
            products: count(documents.catalog.products.len()),
            items: count(documents.items.len()),
            orders: count(documents.orders.len()),
            accounts: count(documents.balances.len()),
            credits: count(documents.credits.len()),
            entries: count(documents.entries.len()),
            withdrawals: count(documents.withdrawals.len()),
            answers: count(documents.answers.len()),
        };
    }

    fn lines(&self) -> [(&'static str, u64); 12] {
        [
            ("laws on documents", self.invariants),
            ("journal records", self.journal_records),
            ("recorded commands", self.commands),
            ("shops", self.tenants),
            ("products", self.products),
            ("items", self.items),
            ("orders", self.orders),
            ("accounts", self.accounts),
            ("credits", self.credits),
            ("profit entries", self.entries),
            ("withdrawals", self.withdrawals),
            ("remembered answers", self.answers),
        ]
    }
}

impl Report {
    /// Whether nothing is wrong; the command's exit code.
    pub const fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    /// One JSON document for scripts.
    ///
    /// # Panics
    /// Never: the report is plain data.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("the report is plain data")
    }
}

impl fmt::Display for Report {
    /// The report for people: the verdict first.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Head { epoch, seq, hash } = &self.head;
        match self.violations.len() {
            0 => writeln!(f, "every law holds at head {seq} of epoch {epoch} ({})", hex(hash))?,
            1 => writeln!(f, "1 violation at head {seq} of epoch {epoch} ({})", hex(hash))?,
            n => writeln!(f, "{n} violations at head {seq} of epoch {epoch} ({})", hex(hash))?,
        }
        for Violation { law, name, ids, says } in &self.violations {
            writeln!(f, "  law {law}, {name}: {}: {says}", ids.join(", "))?;
        }
        writeln!(f, "looked at")?;
        for (what, number) in self.checked.lines() {
            writeln!(f, "  {number:>9} {what}")?;
        }
        writeln!(f, "not covered")?;
        self.not_covered.iter().try_for_each(|what| writeln!(f, "  {what}"))
    }
}

fn head<S: Serializer>(head: &Head, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("epoch", &head.epoch)?;
    map.serialize_entry("seq", &head.seq)?;
    map.serialize_entry("hash", &hex(&head.hash))?;
    map.end()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::journal::GENESIS;

    #[test]
    fn a_report_reads_the_same_for_people_and_scripts() {
        let mut report = Report {
            head: GENESIS,
            checked: Checked { orders: 7, ..Checked::default() },
            violations: Vec::new(),
            checks: super::super::checks(),
            not_covered: NOT_COVERED.to_vec(),
        };
        assert!(report.is_clean());
        assert!(report.to_string().starts_with("every law holds at head 0 of epoch 0 (000"));
        report.violations.push(Violation {
            law: 4,
            name: "items_have_one_order",
            ids: vec!["itm_1".to_owned(), "ord_a".to_owned()],
            says: "was sold again".to_owned(),
        });
        let text = report.to_string();
        assert!(text.contains("  law 4, items_have_one_order: itm_1, ord_a: was sold again\n"));
        assert!(text.contains("        7 orders\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&report.to_json()).unwrap();
        assert_eq!(json["violations"][0]["ids"][1], "ord_a");
        assert_eq!((&json["head"]["seq"], &json["checked"]["orders"]), (&0.into(), &7.into()));
    }
}
