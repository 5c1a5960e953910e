//! One purchase through the real actors, in process: no Telegram, no file, no network.
//!
//! Run it with `cargo run --example one_purchase`. It shows what every caller of the core knows: a
//! handle, a command with an id, and an answer that comes when it is durable. Tapping *Confirm* twice
//! is the same command twice, so the second answer equals the first.

use shopfleet::actors::{Core, Waiting};
use shopfleet::app::core_in_memory;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::id::{CategoryId, ProductId, QuoteId, TenantId, UserId};
use shopfleet::domain::ledger::LedgerCommand;
use shopfleet::domain::money::Money;
use shopfleet::domain::outcome::Outcome;
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::stock::{Ask, StockCommand};
use shopfleet::domain::tenant::BotIdentity;
use shopfleet::store::batch::Record;

const ADMIN: UserId = UserId::new(1);
const ANNA: UserId = UserId::new(2);

fn main() {
    actix_rt::System::new().block_on(async {
        let core = Core::start(core_in_memory([ADMIN]));
        assert!(core.ready().await, "the core takes requests");
        open_shop(&core).await;
        buy(&core).await;
        core.stop();
        core.ended().await;
    });
}

/// The master's shop with one product, one item of it, and a customer with money.
async fn open_shop(core: &Core) {
    let bot = BotIdentity {
        id: UserId::new(100),
        username: "example_bot".to_owned(),
        token: Fingerprint::new([1; 16]),
    };
    let master = LedgerCommand::RegisterMaster { name: "Example".to_owned(), bot };
    ledger(core, "1", Caller::System, master).await;
    let category = StockCommand::CreateCategory { name: "Keys".to_owned() };
    stock(core, "2", category, Vec::new()).await;
    let product = StockCommand::CreateProduct {
        category: CategoryId::new(1),
        name: "A key".to_owned(),
        kind: GoodsKind::Line,
        price: Some(Money::whole(10)),
    };
    stock(core, "3", product, Vec::new()).await;
    let content = Fingerprint::new([2; 16]);
    let items = StockCommand::AddItems { product: ProductId::new(1), items: vec![content] };
    let goods = Record::Goods { content, sealed: Sealed::from_text("sealed elsewhere") };
    stock(core, "4", items, vec![goods]).await;
    let credit = LedgerCommand::Credit {
        tenant: TenantId::Master,
        user: ANNA,
        amount: Money::whole(25),
        reason: "an example".to_owned(),
    };
    ledger(core, "5", Caller::User(ADMIN), credit).await;
}

async fn buy(core: &Core) {
    let quote = QuoteId::from_body("example").expect("a valid id");
    let (tenant, product) = (TenantId::Master, ProductId::new(1));
    let ask = Ask { quote: quote.clone(), tenant, user: ANNA, product, quantity: 1 };
    let quoted = core.stock().quote("6".parse().expect("a valid id"), ask).await;
    show("price", &answer(quoted.expect("not busy")).await);
    for tap in ["first tap", "second tap"] {
        let placed = core.stock().place(quote.clone(), TenantId::Master, ANNA).await;
        show(tap, &answer(placed.expect("not busy")).await);
    }
}

async fn stock(core: &Core, id: &str, body: StockCommand, records: Vec<Record>) {
    let waiting = core.stock().change(command(id, Caller::User(ADMIN), body), records).await;
    show("stock", &answer(waiting.expect("not busy")).await);
}

async fn ledger(core: &Core, id: &str, caller: Caller, body: LedgerCommand) {
    let waiting = core.ledger().execute(command(id, caller, body), Vec::new()).await;
    show("ledger", &answer(waiting.expect("not busy")).await);
}

fn command<Body>(id: &str, caller: Caller, body: Body) -> Command<Body> {
    Command { id: id.parse().expect("a valid id"), tenant: TenantId::Master, caller, body }
}

async fn answer(mut waiting: Waiting) -> Outcome {
    waiting.answer().await.expect("the core lives").expect("nothing here is refused")
}

#[expect(clippy::print_stdout, reason = "an example shows what it does")]
fn show(what: &str, outcome: &Outcome) {
    println!("{what}: {outcome:?}");
}
