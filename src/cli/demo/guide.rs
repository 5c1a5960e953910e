//! What the demo prints: where it is and three things to try.

use super::people::Cast;
use std::net::SocketAddr;

/// The address and three things to try.
pub(super) fn text(address: SocketAddr, cast: &Cast, fresh: bool) -> String {
    let state = if fresh { "A fresh shop is open." } else { "It continues where it was." };
    format!(
        "\n  shopfleet demo: http://{address}\n  {state} Open the page; every column is a person \
         with a bot.\n\n  Three things to try:\n  \
         1. Buy. Anna has 50 USDT in @{first}: Catalogue, a product, a quantity, Confirm.\n  \
         2. Earn. Olivia sends /agent, sees pending profit; move the clock by 48 h; set the wallet\n     \
         TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t; withdraw. Alex answers with /withdraw_list.\n  \
         3. Grow. Alex opens a new agent's shop in @{master}:\n     \
         /agent_create mine {token} My own shop\n     \
         Tap the owner link in the answer and the new bot is yours.\n\n  \
         Ctrl-C stops it. `shopfleet audit` checks every law on its store.\n",
        first = cast.first.username,
        master = cast.master.username,
        token = cast.spare.token.expose(),
    )
}
