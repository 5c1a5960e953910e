//! Faults on request: what Telegram does on a bad day, as often and as long as a test wants.

use super::World;
use super::answer::Refusal;
use super::params::Params;
use crate::domain::time::{Millis, Timestamp};
use crate::secret::Secret;
use serde_json::Value;

/// The most faults at a time: more than a test can mean, and few enough to look through.
pub const FAULTS_MAX: usize = 1_000;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// 429 with `retry_after`.
    TooMany,
    /// 401 as after a revoked token.
    Unauthorized,
    /// 403 on calls that name a chat.
    Forbidden,
    /// 409 on `getUpdates`.
    Conflict,
    /// 502 without an effect.
    Server,
    /// The call waits before it takes effect.
    Latency,
    /// The call takes effect and its answer never arrives.
    LostAnswer,
    /// Confirmed updates come once more.
    Duplicate,
    /// The updates of one answer come in reverse order.
    Reorder,
}

/// One fault in force.
#[derive(Clone, Debug)]
pub struct Fault {
    /// What goes wrong.
    pub kind: FaultKind,
    /// Only for this bot.
    pub bot: Option<i64>,
    /// Only for calls about the private chat of this person.
    pub user_id: Option<i64>,
    /// Only for this method, in any case.
    pub method: Option<String>,
    /// Ends at this time.
    pub until: Option<Timestamp>,
    /// Ends after so many calls.
    pub left: Option<u32>,
    /// What a 429 asks to wait, in seconds.
    pub retry_after_s: i64,
    /// How long a latency is.
    pub latency: Millis,
}

/// What the faults do to one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Strike {
    /// The call waits so long first.
    pub latency: Millis,
    /// The call is refused without an effect.
    pub refusal: Option<Refusal>,
    /// The answer is lost.
    pub lost: bool,
}

impl World {
    /// Puts a fault in force.
    ///
    /// # Errors
    /// When [`FAULTS_MAX`] faults are in force already.
    pub fn add_fault(&mut self, now: Timestamp, fault: Fault) -> Result<(), super::Complaint> {
        self.faults.retain(|fault| fault.lasts(now));
        if self.faults.len() >= FAULTS_MAX {
            return Err(super::Complaint::bad("too many faults are in force; clear them first"));
        }
        self.faults.push(fault);
        Ok(())
    }

    /// Ends all faults.
    pub fn clear_faults(&mut self) {
        self.faults.clear();
    }

    /// What the faults in force do to this call; each that applies is used once.
    pub fn strike(
        &mut self,
        now: Timestamp,
        token: &Secret,
        method: &str,
        params: &Value,
    ) -> Strike {
        let mut strike = Strike::default();
        // A bad token is refused by the call itself; faults are for bots that exist.
        let Ok(bot) = self.authorise(token) else { return strike };
        if self.faults.is_empty() {
            return strike;
        }
        let chat = Params(params).int("chat_id");
        if let Some(slow) = self.take_fault(now, FaultKind::Latency, bot, method, chat) {
            strike.latency = slow.latency;
        }
        let polls = method.eq_ignore_ascii_case("getUpdates");
        for kind in [
            FaultKind::Unauthorized,
            FaultKind::TooMany,
            FaultKind::Server,
            FaultKind::Forbidden,
            FaultKind::Conflict,
        ] {
            let fits = match kind {
                FaultKind::Forbidden => chat.is_some(),
                FaultKind::Conflict => polls,
                FaultKind::TooMany
                | FaultKind::Unauthorized
                | FaultKind::Server
                | FaultKind::Latency
                | FaultKind::LostAnswer
                | FaultKind::Duplicate
                | FaultKind::Reorder => true,
            };
            if !fits {
                continue;
            }
            if let Some(fault) = self.take_fault(now, kind, bot, method, chat) {
                strike.refusal = fault.refusal();
                return strike;
            }
        }
        strike.lost = self.take_fault(now, FaultKind::LostAnswer, bot, method, chat).is_some();
        strike
    }

    /// The first fault of this kind that applies, used once.
    pub(super) fn take_fault(
        &mut self,
        now: Timestamp,
        kind: FaultKind,
        bot: i64,
        method: &str,
        chat: Option<i64>,
    ) -> Option<Fault> {
        if self.faults.is_empty() {
            return None;
        }
        self.faults.retain(|fault| fault.lasts(now));
        let found = self.faults.iter_mut().find(|fault| {
            fault.kind == kind
                && fault.bot.is_none_or(|only| only == bot)
                && fault.method.as_ref().is_none_or(|only| only.eq_ignore_ascii_case(method))
                && fault.user_id.is_none_or(|only| chat == Some(only))
        })?;
        if let Some(left) = &mut found.left {
            *left = left.saturating_sub(1);
        }
        Some(found.clone())
    }
}

impl Fault {
    fn lasts(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until) && self.left != Some(0)
    }

    fn refusal(&self) -> Option<Refusal> {
        match self.kind {
            FaultKind::TooMany => Some(Refusal::too_many(self.retry_after_s)),
            FaultKind::Unauthorized => Some(Refusal::unauthorized()),
            FaultKind::Forbidden => Some(Refusal::forbidden("bot was blocked by the user")),
            FaultKind::Conflict => Some(Refusal::conflict()),
            FaultKind::Server => Some(Refusal::new(502, "Bad Gateway")),
            FaultKind::Latency
            | FaultKind::LostAnswer
            | FaultKind::Duplicate
            | FaultKind::Reorder => None,
        }
    }
}
