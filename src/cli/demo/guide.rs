//! What the demo prints: where it is and three things to try.

use super::people::Cast;
use std::net::SocketAddr;
use std::path::Path;

/// What the guide tells about this start.
pub(super) struct Start<'a> {
    /// Where the page is.
    pub(super) address: SocketAddr,
    /// Where the demo remembers.
    pub(super) data: &'a Path,
    /// How this program was called: from a checkout it is not on the path.
    pub(super) program: &'a str,
    /// Whether the shop was made just now.
    pub(super) fresh: bool,
    /// Whether the visitor has used the spare bot for an agent of his own.
    pub(super) grown: bool,
}

/// The address and three things to try.
pub(super) fn text(start: &Start<'_>, cast: &Cast) -> String {
    let state = if start.fresh { "A fresh shop is open." } else { "It continues where it was." };
    format!(
        "\n  shopfleet demo: http://{address}\n  {state} Open the page; every column is a person \
         with a bot.\n\n  Three things to try:\n  \
         1. Buy. Anna has 200 USDT in @{first}: Start, Catalogue, Star Harbor, 5, Confirm.\n  \
         2. Earn. Olivia opens My shop, sees the profit pending, moves the clock by 48 h, sets\n     \
         her wallet to TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t and withdraws.\n     \
         Alex approves it, then enters any transaction id: Admin, Withdrawals.\n  \
         3. Grow. {grow}\n\n  \
         Ctrl-C stops it; the next start continues here. Stopped, every law on its store is \
         checked by\n  SHOPFLEET__STORE__URL=sqlite:{data}/shop.db {program} audit\n",
        address = start.address,
        first = cast.first.username,
        grow = grow(start, cast),
        data = start.data.display(),
        program = start.program,
    )
}

fn grow(start: &Start<'_>, cast: &Cast) -> String {
    if start.grown {
        return format!(
            "Alex sees all agents with /agent_list; @{} is one of them now.",
            cast.spare.username
        );
    }
    format!(
        "Alex opens a shop for a new agent in @{}:\n     \
         /agent_create mine {} My own shop\n     \
         Press the owner link in the answer to copy it, send it in Olivia's chat, and tap it \
         there:\n     the new bot opens and the shop is hers.",
        cast.master.username,
        cast.spare.token.expose()
    )
}
