//! Two admins upload the same list at once: one has the items, the other a report of duplicates, and
//! the core goes on.

use shopfleet::actors::{Core, CoreAnswer, CoreState};
use shopfleet::app::core_in_memory;
use shopfleet::domain::catalog::GoodsKind;
use shopfleet::domain::command::{Caller, Command};
use shopfleet::domain::id::{CategoryId, ProductId, TenantId, UserId};
use shopfleet::domain::outcome::{ItemsReport, Outcome};
use shopfleet::domain::sealed::{Fingerprint, Sealed};
use shopfleet::domain::stock::StockCommand;
use shopfleet::store::batch::Record;

const ADMINS: [UserId; 2] = [UserId::new(1), UserId::new(2)];

#[test]
fn the_same_list_from_two_admins_at_once() {
    actix_rt::System::new().block_on(async {
        let core = Core::start(core_in_memory(ADMINS));
        assert!(core.ready().await);
        let category = StockCommand::CreateCategory { name: "Keys".to_owned() };
        assert!(change(&core, ADMINS[0], "1", category, &[]).await.is_ok());
        let product = StockCommand::CreateProduct {
            category: CategoryId::new(1),
            name: "Key".to_owned(),
            kind: GoodsKind::Line,
            price: None,
        };
        assert!(change(&core, ADMINS[0], "2", product, &[]).await.is_ok());
        // Both lists were looked up before either was written; they share two lines of three.
        let lists =
            [[7, 8, 9], [9, 7, 6]].map(|list| list.map(|line| Fingerprint::new([line; 16])));
        let add = |list: [Fingerprint; 3]| StockCommand::AddItems {
            product: ProductId::new(1),
            items: list.to_vec(),
        };
        let (first, second) = tokio::join!(
            change(&core, ADMINS[0], "3", add(lists[0]), &lists[0]),
            change(&core, ADMINS[1], "3", add(lists[1]), &lists[1]),
        );
        check(&first, 3, &[]);
        check(&second, 1, &[0, 1]);
        let state = core.state().borrow().clone();
        assert_eq!(state, CoreState::Running { epoch: 1 }, "nothing was refused by the store");
        core.stop();
        core.ended().await;
    });
}

fn check(answer: &CoreAnswer, added: u32, duplicates: &[u32]) {
    let expected = ItemsReport { added, duplicates: duplicates.to_vec() };
    assert_eq!(*answer, Ok(Outcome::ItemsAdded(expected)));
}

async fn change(
    core: &Core,
    admin: UserId,
    id: &str,
    body: StockCommand,
    goods: &[Fingerprint],
) -> CoreAnswer {
    let command = Command {
        id: id.parse().expect("a valid id"),
        tenant: TenantId::Master,
        caller: Caller::User(admin),
        body,
    };
    let sealed = |content: &Fingerprint| Record::Goods {
        content: *content,
        sealed: Sealed::from_text("v1.k.x"),
    };
    let records = goods.iter().map(sealed).collect();
    let mut waiting = core.stock().change(command, records).await.expect("not busy");
    waiting.answer().await.expect("the core lives")
}
