//! What the demo prints: where it is and three things to try.

use super::people::Cast;
use std::net::SocketAddr;

/// The address and three things to try.
pub(super) fn text(address: SocketAddr, cast: &Cast, fresh: bool) -> String {
    let state = if fresh { "A fresh shop is open." } else { "It continues where it was." };
    format!(
        "\n  shopfleet demo: http://{address}\n  {state} Open the page; every column is a person \
         with a bot.\n\n  Three things to try:\n  \
         1. Buy. Anna has 200 USDT in @{first}: Start, Catalogue, Star Harbor, 5, Confirm.\n  \
         2. Earn. Olivia opens My shop, sees the profit pending, moves the clock by 48 h, sets\n     \
         her wallet to TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t and withdraws.\n     \
         Alex approves it, then enters any transaction id: Admin, Withdrawals.\n  \
         3. Grow. Alex opens a shop for a new agent in @{master}:\n     \
         /agent_create mine {token} My own shop\n     \
         Press the owner link in the answer to copy it, send it in Olivia's chat, and tap it there:\n     \
         the new bot opens and the shop is hers.\n\n  \
         Ctrl-C stops it. `shopfleet audit` checks every law on its store.\n",
        first = cast.first.username,
        master = cast.master.username,
        token = cast.spare.token.expose(),
    )
}
