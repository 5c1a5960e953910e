//! The faults of a simulated world, each by name.

use std::fmt;
use std::str::FromStr;

macro_rules! faults {
    ($($variant:ident $name:literal $what:literal,)*) => {
        /// One kind of thing that goes wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $(#[doc = $what] $variant,)* }

        impl Fault {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on the command line and in reports.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// What it does.
            pub const fn what(self) -> &'static str {
                match self { $(Self::$variant => $what,)* }
            }
        }
    };
}

faults! {
    StoreTransient "store-transient" "Some commits fail for now; nothing is written.",
    StoreDefinite "store-definite" "A commit is refused for good; nothing is written.",
    StoreSlow "store-slow" "Commits take seconds for a while.",
    StoreLostAnswer "store-lost-answer" "A commit's answer is lost; it was written, or it was not.",
    StoreLate "store-late" "A commit's answer is lost; it lands later, or is fenced before.",
    StoreStall "store-stall" "A commit hangs for a while, and is written then.",
    StoreOutage "store-outage" "The store answers nothing for a while.",
    Crash "crash" "The process dies between two steps and is started again.",
    Restart "restart" "An operator stops the process and starts it again a while later.",
    ClockJump "clock-jump" "The machine sleeps: its clock jumps hours ahead.",
    TakeOver "takeover" "A second process takes over; the first does not know.",
    PausedLeader "paused-leader" "The leader gets no processor, is taken over from, and goes on.",
    Panic "panic" "Something in a chat, a bot or the core panics.",
    UpdatesLost "updates-lost" "Answers with updates get lost.",
    UpdatesLate "updates-late" "Updates arrive late.",
    UpdatesDoubled "updates-doubled" "Confirmed updates come once more.",
    UpdatesReordered "updates-reordered" "Updates come in another order.",
    Revoked "token-revoked" "Telegram refuses a bot's token (401) until it is restored or replaced.",
    Blocked "blocked" "A customer blocks his bot (403), and lets it write again later.",
    Conflict "conflict" "Somebody else polls with a bot's token (409).",
    Flood "flood" "Telegram asks to wait (429).",
    ServerError "server-error" "Telegram fails (5xx).",
    AnswerLost "answer-lost" "Telegram does what it is asked, and its answer is lost.",
    Latency "latency" "Telegram takes seconds for everything.",
}

/// A name that is no fault's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no fault `{0}`; there are: {list}", list = names())]
pub struct UnknownFault(String);

fn names() -> String {
    Fault::ALL.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", ")
}

impl FromStr for Fault {
    type Err = UnknownFault;

    fn from_str(text: &str) -> Result<Self, UnknownFault> {
        let named = |fault: &&Self| fault.name() == text;
        Self::ALL.iter().find(named).copied().ok_or_else(|| UnknownFault(text.to_owned()))
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Every kind of fault, for [`crate::sim::Simulation::faults`].
#[derive(Clone, Copy, Debug)]
pub struct All;

impl IntoIterator for All {
    type Item = Fault;
    type IntoIter = std::iter::Copied<std::slice::Iter<'static, Fault>>;

    fn into_iter(self) -> Self::IntoIter {
        Fault::ALL.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_found_by_their_names() {
        for fault in Fault::ALL {
            assert_eq!(fault.name().parse(), Ok(*fault));
        }
        let error = "rain".parse::<Fault>().unwrap_err().to_string();
        assert!(error.contains("`rain`") && error.contains("takeover"), "{error}");
    }
}
