//! Delivery: paid goods on their way to the chat they belong to, until Telegram has every part.
//!
//! An order is delivered when Telegram accepted every part, and that is recorded as a command. What
//! interrupts this is repeated, with a line that says so, always the same goods to the same chat. A
//! customer who cannot be reached keeps the order in `awaiting`, and gets it at his next contact
//! (DESIGN.md, section 3 and law 4).

use super::goods::{self, FileGoods, Unopenable};
use super::shop::Shop;
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{ChatId, OrderId, UserId};
use crate::domain::ledger::LedgerCommand;
use crate::domain::order::{AwaitCause, Delivery, Order};
use crate::domain::rejection::Rejection;
use crate::domain::time::Millis;
use crate::secret::SecretBytes;
use crate::store::StoreError;
use crate::store::query::OrderQuery;
use crate::telegram::client::{Content, DocumentFile};
use crate::telegram::outbox::{Outgoing, SendResult};
use crate::telegram::screen::Screen;
use crate::telegram::screen::notices;
use crate::telegram::text::Voice;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Pause before goods are tried again that could not be read or sent.
const RETRY_MIN: Millis = Millis::from_secs(2);
/// Longest such pause.
const RETRY_MAX: Millis = Millis::from_secs(300);

/// The deliveries of one bot.
#[derive(Clone)]
pub(super) struct Courier {
    shop: Rc<Shop>,
    /// Orders on their way: nobody sends one twice at the same time.
    under_way: Rc<RefCell<BTreeSet<OrderId>>>,
    /// Orders that wait for a contact with their customer.
    waiting: Rc<RefCell<BTreeMap<UserId, BTreeSet<OrderId>>>>,
    /// Set when the run ends: the next run takes the orders up from the store.
    stopped: Rc<Cell<bool>>,
}

/// Why goods are sent.
#[derive(Clone, Copy)]
struct Errand {
    /// They may have been sent before, and the customer is told so.
    repeat: bool,
    /// Their customer asked for them; without that, delivered goods are not sent again.
    asked: bool,
}

/// How one attempt ended.
enum Attempt {
    /// Telegram has every part.
    Arrived,
    /// The customer cannot be reached now.
    Await(AwaitCause),
    /// Worth another attempt soon.
    Again,
    /// The bot is ending.
    Closed,
}

impl Courier {
    pub(super) fn new(shop: Rc<Shop>) -> Self {
        Self { shop, under_way: Rc::default(), waiting: Rc::default(), stopped: Rc::default() }
    }

    /// Begins no attempt any more.
    pub(super) fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether the run has ended.
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Takes up what an earlier run left, of one person or of all: sends what is pending, remembers
    /// who waits for a contact.
    pub(super) async fn recover(&self, user: Option<UserId>) -> Result<(), StoreError> {
        const PAGE: u32 = 200;
        let mut skip = 0;
        loop {
            let query = OrderQuery {
                tenant: Some(self.shop.tenant.clone()),
                user,
                undelivered: true,
                skip,
                limit: PAGE,
            };
            let page = self.shop.fleet.store.orders(query).await?;
            let rows = u32::try_from(page.rows.len()).unwrap_or(PAGE);
            for order in page.rows {
                match order.delivery {
                    Delivery::Awaiting { cause: AwaitCause::Blocked } => self.wait_for(&order),
                    Delivery::Pending | Delivery::Awaiting { .. } => self.start(order.id, true),
                    Delivery::Delivered { .. } => {}
                }
            }
            if rows < PAGE {
                return Ok(());
            }
            skip += rows;
        }
    }

    /// Sends an order's goods in the background if they are still owed: a confirm button that is
    /// tapped again repeats the receipt, not the delivery. `repeat` when they may have been sent
    /// before.
    pub(super) fn start(&self, order: OrderId, repeat: bool) {
        self.set_out(order, Errand { repeat, asked: false });
    }

    fn set_out(&self, order: OrderId, errand: Errand) {
        if !self.under_way.borrow_mut().insert(order.clone()) {
            return;
        }
        let courier = self.clone();
        actix_rt::spawn(async move {
            courier.deliver(&order, errand).await;
            courier.under_way.borrow_mut().remove(&order);
        });
    }

    /// The customer is there: whatever waited for him goes out.
    pub(super) fn contact(&self, user: UserId) {
        let orders = self.waiting.borrow_mut().remove(&user).unwrap_or_default();
        for order in orders {
            self.start(order, true);
        }
    }

    /// Sends the goods of a delivered order once more because its customer asked.
    pub(super) fn send_again(&self, order: OrderId) {
        self.set_out(order, Errand { repeat: true, asked: true });
    }

    async fn deliver(&self, id: &OrderId, errand: Errand) {
        let Errand { mut repeat, asked } = errand;
        let mut pause = RETRY_MIN;
        while !self.stopped.get() {
            let order = match self.shop.fleet.store.order(id.clone()).await {
                // A purchase that is repeated (a second tap, an update that comes again after a
                // crash) is no wish to have the goods again.
                Ok(Some(order)) if !repeat && order.delivery.is_done() => return,
                Ok(Some(order)) => order,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(order = %id, %error, "goods wait for the store");
                    self.pause(&mut pause).await;
                    continue;
                }
            };
            if order.delivery.is_done() && !asked {
                return;
            }
            let attempt = self.attempt(&order, repeat).await;
            repeat = true;
            match attempt {
                Attempt::Closed => return,
                Attempt::Arrived => {
                    if order.delivery.is_done() {
                        return;
                    }
                    let body = LedgerCommand::MarkDelivered { order: order.id.clone() };
                    return self.record("done", &order, body).await;
                }
                Attempt::Await(cause) => {
                    if !order.delivery.is_done() {
                        self.wait_for(&order);
                        self.tell_admins(&order, cause);
                        let body = LedgerCommand::AwaitCustomer { order: order.id.clone(), cause };
                        self.record("wait", &order, body).await;
                    }
                    return;
                }
                Attempt::Again => self.pause(&mut pause).await,
            }
        }
    }

    async fn pause(&self, pause: &mut Millis) {
        self.shop.fleet.clock.sleep(*pause).await;
        *pause = Millis::from_ms((pause.ms() * 2).min(RETRY_MAX.ms()));
    }

    /// Sends every part in order; the first that does not arrive ends the attempt.
    async fn attempt(&self, order: &Order, repeat: bool) -> Attempt {
        let contents = match self.contents(order).await {
            Ok(contents) => contents,
            Err(attempt) => return attempt,
        };
        let profile = self.shop.fleet.store.profile(order.tenant.clone(), order.user).await;
        let voice = self.shop.voice(profile.ok().flatten().as_ref(), None);
        let chat = ChatId::new(order.user.number());
        let parts = match parts(order, chat, &contents, voice, repeat) {
            Ok(parts) => parts,
            Err(error) => {
                tracing::error!(order = %order.id, %error, "goods cannot be read");
                return Attempt::Await(AwaitCause::Refused);
            }
        };
        for outgoing in parts {
            match self.shop.outbox.send(outgoing).await {
                SendResult::Sent(_) | SendResult::Done => {}
                SendResult::Blocked => return Attempt::Await(AwaitCause::Blocked),
                SendResult::TokenRefused => return Attempt::Await(AwaitCause::TokenRevoked),
                SendResult::Refused(reason) => {
                    tracing::error!(order = %order.id, reason, "telegram refuses the goods");
                    return Attempt::Await(AwaitCause::Refused);
                }
                SendResult::Closed => return Attempt::Closed,
                SendResult::Ambiguous | SendResult::Unreachable | SendResult::Full(_) => {
                    return Attempt::Again;
                }
            }
        }
        Attempt::Arrived
    }

    async fn contents(&self, order: &Order) -> Result<Vec<SecretBytes>, Attempt> {
        let fleet = &self.shop.fleet;
        let sealed = fleet.store.goods(order.items.clone()).await.map_err(|error| {
            tracing::warn!(order = %order.id, %error, "goods cannot be read");
            Attempt::Again
        })?;
        let open = |(print, sealed)| goods::open(&fleet.vault, print, &sealed);
        sealed.into_iter().map(open).collect::<Result<Vec<_>, _>>().map_err(|error| {
            tracing::error!(order = %order.id, %error, "goods cannot be opened");
            Attempt::Await(AwaitCause::Refused)
        })
    }

    fn wait_for(&self, order: &Order) {
        let mut waiting = self.waiting.borrow_mut();
        waiting.entry(order.user).or_default().insert(order.id.clone());
    }

    fn tell_admins(&self, order: &Order, cause: AwaitCause) {
        // A customer who blocks the bot comes back or does not; everything else needs a person.
        if cause != AwaitCause::Blocked {
            let order = order.clone();
            self.shop
                .fleet
                .post
                .tell_admins(move |voice| notices::delivery_stuck(voice, &order, cause));
        }
    }

    /// Records where the goods are, until it is recorded: an order must not stay pending for want
    /// of a permit.
    async fn record(&self, what: &str, order: &Order, body: LedgerCommand) {
        let Ok(id) = format!("{what}:{}", order.id).parse() else { return };
        let (tenant, caller) = (order.tenant.clone(), Caller::System);
        let command = Command { id, tenant, caller, body };
        let mut pause = RETRY_MIN;
        while !self.stopped.get() {
            let waiting = self.shop.fleet.core.ledger().execute(command.clone(), Vec::new()).await;
            if let Ok(mut waiting) = waiting {
                match waiting.answer().await {
                    Ok(Ok(_)) => return,
                    // The store may take it another time; the goods have arrived all the same.
                    Ok(Err(Rejection::Unrecordable)) | Err(_) => {}
                    Ok(Err(rejection)) => {
                        tracing::error!(order = %order.id, %rejection, "a delivery is not recorded");
                        return;
                    }
                }
            }
            self.pause(&mut pause).await;
        }
    }
}

/// The messages of a delivery: lines as text, files as documents.
fn parts(
    order: &Order,
    chat: ChatId,
    contents: &[SecretBytes],
    voice: Voice<'_>,
    repeat: bool,
) -> Result<Vec<Outgoing>, Unopenable> {
    let header = notices::delivery_header(voice, order, repeat);
    let again = notices::delivery_repeat(voice);
    let footer = notices::delivery_footer(voice);
    match order.kind {
        GoodsKind::Line => {
            let lines: Vec<String> = contents
                .iter()
                .map(|line| {
                    let text = String::from_utf8_lossy(line.expose());
                    format!("<code>{}</code>", crate::telegram::text::escape(&text))
                })
                .collect();
            let html = format!("{header}\n\n{}\n\n{footer}", lines.join("\n"));
            let screen = Screen { html, keyboard: Vec::new() };
            Ok(vec![Outgoing::goods(chat, screen, again, format!("{}.txt", order.id))])
        }
        GoodsKind::File => {
            let file = |(position, content): (usize, &SecretBytes)| {
                let file = FileGoods::decode(content.expose())?;
                let content = Content(file.bytes.into());
                let file = DocumentFile::Upload { name: file.name, content };
                let caption = if position == 0 { header.clone() } else { String::new() };
                Ok(Outgoing::goods_file(chat, file, caption, again.clone()))
            };
            contents.iter().enumerate().map(file).collect()
        }
    }
}
