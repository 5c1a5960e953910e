//! The whole story over HTTP: an agent is made, his shop sells, he earns and is paid.

use super::seat::Seat;
use super::world::{ANNA, MASTER, OWNER, World, owner_code};
use shopfleet::domain::time::Millis;

/// The bot of the agent of this story.
const SHOP: &str = "olivias_keys_bot";
/// An address with a right check sum.
const ADDRESS: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
/// A payment's id.
const TXID: &str = "4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c4f3a2b1c";

/// The people of the story.
struct Story {
    world: World,
    admin: Seat,
    owner: Seat,
    anna: Seat,
    /// A file of a few kilobytes that is no text.
    map: Vec<u8>,
}

#[tokio::test]
async fn the_whole_business_over_http() {
    let world = World::open().await;
    let mut story = Story {
        admin: world.admin(),
        owner: world.seat(SHOP, OWNER),
        anna: world.seat(SHOP, ANNA),
        map: (0..4096_u32).map(|at| (at * at % 251).to_le_bytes()[0]).collect(),
        world,
    };
    story.stock_the_shelves().await;
    story.open_the_shop().await;
    story.refuse_late_owners().await;
    let order = story.sell_lines().await;
    story.sell_a_file().await;
    story.look_back(&order).await;
    story.earn().await;
    let withdrawal = story.withdraw().await;
    story.pay(&withdrawal).await;
    story.world.fleet.stop_and_audit().await;
}

impl Story {
    /// Two products: lines at 50, files at 10.
    async fn stock_the_shelves(&mut self) {
        self.world
            .open_shelf("Game keys", "Star Harbor", "50", &["STAR-1111", "STAR-2222", "STAR-3333"])
            .await;
        let admin = &mut self.admin;
        admin.say("/product_add cat_1 file 10 Treasure map").await;
        admin.expect("Product prd_2 is created").await;
        admin.say("/stock_file prd_2").await;
        admin.expect("please send the files").await;
        admin.send("map.bin", &self.map, "").await;
        admin.expect("Added: 1").await;
    }

    /// An agent's bot comes alive, its owner claims it, an admin sets the markup, money comes in.
    async fn open_the_shop(&mut self) {
        let (token, code) = self.world.open_agent("olivia", SHOP, "Olivia's Keys").await;
        let said = self.admin.texts().await;
        assert!(!said.iter().any(|text| text.contains(&token)), "the token stays in the chat");
        let anna = &mut self.anna;
        anna.say("/start").await;
        anna.expect("Welcome to Olivia's Keys!").await;
        anna.say("/agent").await;
        anna.expect("I don’t know that command.").await;

        self.owner.say(&format!("/start own_{code}")).await;
        self.owner.expect("You are now the owner of this shop!").await;
        self.anna.say(&format!("/start own_{code}")).await;
        self.anna.expect("This invitation was used already or has expired.").await;

        self.admin.say("/agent_pricing olivia percent 20").await;
        self.admin.expect("Markup: +20%").await;
        self.admin.say(&format!("/credit olivia {ANNA} 500 bank transfer 17")).await;
        self.admin.expect("Balance now: 500.00 USDT").await;
        self.anna.expect("You received 500.00 USDT").await;
        self.admin.say("/agent_list").await;
        self.admin.expect("olivia · Olivia's Keys").await;
    }

    /// A link that nobody used in its 24 hours is worth nothing; a new one is.
    async fn refuse_late_owners(&mut self) {
        let (_, old) = self.world.open_agent("late", "late_shop_bot", "Late").await;
        self.world.advance(Millis::from_hours(25)).await;
        let mut late = self.world.seat("late_shop_bot", 2002).greet().await;
        late.say(&format!("/start own_{old}")).await;
        late.expect("This invitation was used already or has expired.").await;
        self.admin.say("/agent_link late").await;
        let new = owner_code(&self.admin.expect("The new owner link of late").await);
        late.say(&format!("/start own_{new}")).await;
        late.expect("You are now the owner of this shop!").await;
    }

    /// Catalogue, product, quantity, confirm, delivery; answers the order's id.
    async fn sell_lines(&mut self) -> String {
        let anna = &mut self.anna;
        anna.say("/start").await;
        anna.expect("What would you like to do?").await;
        anna.tap("Catalogue").await;
        anna.expect("Pick a category").await;
        anna.tap("Game keys").await;
        anna.expect("Prices in USDT for one item").await;
        anna.tap("60.00 · Star Harbor").await;
        anna.expect("In stock: 3").await;
        anna.tap("2").await;
        let offer = anna.expect("Total: 120.00 USDT").await;
        assert!(offer.contains("Unit price: 60.00 USDT"), "{offer}");
        anna.tap("Confirm").await;
        let receipt = anna.expect("✅ Paid.").await;
        assert!(receipt.contains("Balance: 380.00 USDT"), "{receipt}");
        let goods = anna.expect("🎁 Star Harbor × 2").await;
        assert!(goods.contains("STAR-1111\nSTAR-2222\n"), "{goods}");
        let order = receipt.split_whitespace().find(|word| word.starts_with("ord_"));
        let order = order.expect("a receipt names its order").to_owned();
        assert!(goods.contains(&order), "{goods}");
        order
    }

    /// A file arrives as the file it was.
    async fn sell_a_file(&mut self) {
        let anna = &mut self.anna;
        anna.say("/buy prd_2 1").await;
        anna.expect("Total: 12.00 USDT").await;
        anna.tap("Confirm").await;
        anna.expect("Balance: 368.00 USDT").await;
        anna.expect("🎁 Treasure map × 1").await;
        assert_eq!(anna.receive("map.bin").await, self.map);
    }

    /// Balance, orders, and the goods once more without paying.
    async fn look_back(&mut self, order: &str) {
        let anna = &mut self.anna;
        anna.say("/balance").await;
        anna.expect("Your balance: 368.00 USDT").await;
        anna.say("/orders").await;
        anna.expect("My orders, newest first").await;
        anna.tap("Star Harbor").await;
        let page = anna.expect(&format!("Order {order}")).await;
        assert!(page.contains("Total: 120.00 USDT") && page.contains("Delivery: ✅"), "{page}");
        anna.tap("Send again").await;
        let again = anna.expect("Sent again").await;
        assert!(again.contains("STAR-1111\nSTAR-2222\n"), "{again}");
        anna.say("/orders").await;
        anna.expect("My orders, newest first").await;
        anna.tap("Treasure map").await;
        anna.expect("Unit price: 12.00 USDT").await;
        anna.tap("Send again").await;
        assert_eq!(anna.receive("map.bin").await, self.map);
        anna.say("/balance").await;
        anna.expect("Your balance: 368.00 USDT").await;
    }

    /// Profit is pending for 48 hours and then available.
    async fn earn(&mut self) {
        self.owner.say("/agent").await;
        let panel = self.owner.expect("Pending: 22.00 USDT").await;
        assert!(panel.contains("Available: 0.00 USDT"), "{panel}");
        self.world.advance(Millis::from_hours(47)).await;
        self.owner.say("/agent").await;
        self.owner.expect("Pending: 22.00 USDT").await;
        self.world.advance(Millis::from_hours(1)).await;
        let panel = self.owner.ask_until("/agent", "Available: 22.00 USDT").await;
        assert!(panel.contains("Pending: 0.00 USDT"), "{panel}");
    }

    /// Wallet, then a withdrawal of 15 of 22; answers its id.
    async fn withdraw(&mut self) -> String {
        let owner = &mut self.owner;
        owner.tap("Wallet").await;
        owner.expect("please send a USDT address on TRC20").await;
        owner.say(ADDRESS).await;
        owner.expect("Please check every character").await;
        owner.tap("Save").await;
        owner.expect(&format!("Wallet: {ADDRESS}")).await;
        owner.tap("Withdraw").await;
        owner.expect("How much would you like to withdraw?").await;
        owner.say("15").await;
        let check = owner.expect("Please check your withdrawal").await;
        assert!(check.contains("You receive: 14.00 USDT") && check.contains(ADDRESS), "{check}");
        owner.tap("Confirm").await;
        let asked = owner.expect("is requested").await;
        let id = asked.split_whitespace().find(|word| word.starts_with("wdr_"));
        let id = id.expect("a withdrawal has an id").to_owned();
        self.admin.expect("olivia asks to be paid").await;
        owner.say("/agent").await;
        let panel = owner.expect("In withdrawal: 15.00 USDT").await;
        assert!(panel.contains("Available: 7.00 USDT"), "{panel}");
        id
    }

    /// An admin lists, approves and pays; the owner is told and sees it.
    async fn pay(&mut self, id: &str) {
        let admin = &mut self.admin;
        admin.say("/withdraw_list requested").await;
        admin.expect("Withdrawals: requested (1)").await;
        admin.tap("olivia").await;
        admin.expect(&format!("Withdrawal {id}")).await;
        admin.say(&format!("/withdraw_pay {id} {TXID}")).await;
        admin.expect("This cannot be done now: the withdrawal is requested.").await;
        admin.say(&format!("/withdraw_approve {id}")).await;
        admin.expect("State: approved").await;
        self.owner.expect("Your withdrawal is approved").await;
        admin.say(&format!("/withdraw_pay {id} {TXID}")).await;
        admin.expect(&format!("TXID: {TXID}")).await;
        self.owner.expect("Your withdrawal is paid.").await;

        let owner = &mut self.owner;
        owner.say("/agent").await;
        let panel = owner.expect("Paid out: 15.00 USDT").await;
        assert!(panel.contains("In withdrawal: 0.00 USDT"), "{panel}");
        owner.say("/history").await;
        owner.expect("Withdrawals, newest first").await;
        owner.tap("15.00").await;
        owner.expect("State: paid").await;
        // What is the owner's is nobody else's, not even in the same words.
        let mut admin_as_customer = self.world.seat(MASTER, OWNER).greet().await;
        admin_as_customer.say("/withdraw_list").await;
        admin_as_customer.expect("I don’t know that command.").await;
    }
}
