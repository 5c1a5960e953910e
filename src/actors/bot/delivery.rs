//! Delivery: paid goods on their way to the chat they belong to, until Telegram has every part.
//!
//! An order is delivered when Telegram accepted every part, and that is recorded as a command. What
//! interrupts this is repeated, with a line that says so, always the same goods to the same chat. A
//! customer who cannot be reached keeps the order in `awaiting`, and gets it at his next contact
//! (DESIGN.md, section 3 and law 4).

use super::crew::Crew;
use super::goods::{self, FileGoods, Unopenable};
use super::shop::Shop;
use crate::domain::catalog::GoodsKind;
use crate::domain::command::{Caller, Command};
use crate::domain::id::{ChatId, ItemId, OrderId, UserId};
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
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use tokio::sync::oneshot;

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
    /// Orders that somebody wanted sent while they were on their way to being put aside.
    once_more: Rc<RefCell<BTreeSet<OrderId>>>,
    /// Orders that wait for a contact with their customer.
    waiting: Rc<RefCell<BTreeMap<UserId, BTreeSet<OrderId>>>>,
    /// Closed when the run ends: the next run takes the orders up from the store.
    crew: Crew,
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
    pub(super) fn new(shop: Rc<Shop>, crew: Crew) -> Self {
        Self {
            shop,
            under_way: Rc::default(),
            once_more: Rc::default(),
            waiting: Rc::default(),
            crew,
        }
    }

    /// Takes up what an earlier run left, of one person or of all: sends what is pending, remembers
    /// who waits for a contact. All of it is read before anything is sent: deliveries shorten the
    /// list that the pages are taken from.
    pub(super) async fn recover(&self, user: Option<UserId>) -> Result<(), StoreError> {
        const PAGE: u32 = 200;
        let mut owed = Vec::new();
        loop {
            let query = OrderQuery {
                tenant: Some(self.shop.tenant.clone()),
                user,
                undelivered: true,
                skip: u32::try_from(owed.len()).unwrap_or(u32::MAX),
                limit: PAGE,
            };
            let rows = self.shop.fleet.store.orders(query).await?.rows;
            let last = rows.len() < PAGE as usize;
            owed.extend(rows.into_iter().map(|order| (order.id, order.user, order.delivery)));
            if last {
                break;
            }
        }
        for (order, user, delivery) in owed {
            match delivery {
                Delivery::Awaiting { cause: AwaitCause::Blocked } => self.wait_for(user, order),
                Delivery::Pending | Delivery::Awaiting { .. } => self.start(order, true),
                Delivery::Delivered { .. } => {}
            }
        }
        Ok(())
    }

    /// Looks again and again for goods that are owed and that nobody is sending: what an interrupted
    /// run or a deciding core left between two looks is found at the next.
    pub(super) async fn sweep(self) {
        const EVERY: Millis = Millis::from_secs(300);
        loop {
            self.shop.fleet.clock.sleep(EVERY).await;
            if let Err(error) = self.recover(None).await {
                tracing::warn!(tenant = %self.shop.tenant, %error, "owed goods cannot be listed");
            }
        }
    }

    /// Sends an order's goods in the background if they are still owed: a confirm button that is
    /// tapped again repeats the receipt, not the delivery. `repeat` when they may have been sent
    /// before.
    pub(super) fn start(&self, order: OrderId, repeat: bool) {
        self.set_out(order, Errand { repeat, asked: false });
    }

    fn set_out(&self, order: OrderId, errand: Errand) {
        if self.crew.is_closed() || !self.under_way.borrow_mut().insert(order.clone()) {
            return;
        }
        let courier = self.clone();
        self.crew.start(async move {
            courier.deliver(&order, errand).await;
            courier.under_way.borrow_mut().remove(&order);
            if courier.once_more.borrow_mut().remove(&order) {
                courier.start(order, true);
            }
        });
    }

    /// The customer is there: whatever waited for him goes out.
    pub(super) fn contact(&self, user: UserId) {
        let orders = self.waiting.borrow_mut().remove(&user).unwrap_or_default();
        for order in orders {
            if self.under_way.borrow().contains(&order) {
                // It is just being recorded as waiting; it goes out when that is done.
                self.once_more.borrow_mut().insert(order);
            } else {
                self.start(order, true);
            }
        }
    }

    /// Sends the goods of a delivered order once more because its customer asked.
    pub(super) fn send_again(&self, order: OrderId) {
        self.set_out(order, Errand { repeat: true, asked: true });
    }

    async fn deliver(&self, id: &OrderId, errand: Errand) {
        let Errand { mut repeat, asked } = errand;
        let mut pause = RETRY_MIN;
        let mut sent = 0;
        while !self.crew.is_closed() {
            let order = match self.shop.fleet.store.order(id.clone()).await {
                Ok(Some(order)) => order,
                Ok(None) => return,
                Err(error) => {
                    tracing::warn!(order = %id, %error, "goods wait for the store");
                    self.rest(&mut pause).await;
                    continue;
                }
            };
            // A purchase that is repeated (a second tap, an update that comes again after a crash)
            // is no wish to have the goods again.
            if order.delivery.is_done() && !asked {
                return;
            }
            let attempt = self.attempt(&order, repeat, &mut sent).await;
            repeat = true;
            match attempt {
                Attempt::Closed => return,
                Attempt::Again => self.rest(&mut pause).await,
                Attempt::Arrived => return self.arrived(&order).await,
                Attempt::Await(cause) => return self.put_aside(&order, cause).await,
            }
        }
    }

    async fn arrived(&self, order: &Order) {
        if !order.delivery.is_done() {
            let body = LedgerCommand::MarkDelivered { order: order.id.clone() };
            self.record("done", order, body).await;
        }
    }

    async fn put_aside(&self, order: &Order, cause: AwaitCause) {
        if order.delivery.is_done() {
            return;
        }
        self.wait_for(order.user, order.id.clone());
        // Told once: the customer's next message tries again, and may fail again.
        if order.delivery != (Delivery::Awaiting { cause }) {
            self.tell_admins(order, cause);
        }
        let body = LedgerCommand::AwaitCustomer { order: order.id.clone(), cause };
        self.record("wait", order, body).await;
    }

    /// A pause that the end of the run cuts short.
    async fn rest(&self, pause: &mut Millis) {
        tokio::select! {
            biased;
            () = self.crew.closing() => {}
            () = self.pause(pause) => {}
        }
    }

    async fn pause(&self, pause: &mut Millis) {
        self.shop.fleet.clock.sleep(*pause).await;
        *pause = Millis::from_ms((pause.ms() * 2).min(RETRY_MAX.ms()));
    }

    /// Sends every part in order; the first that does not arrive ends the attempt, and the next one
    /// goes on there. `sent` counts the parts that have arrived.
    async fn attempt(&self, order: &Order, repeat: bool, sent: &mut usize) -> Attempt {
        let profile = self.shop.fleet.store.profile(order.tenant.clone(), order.user).await;
        let voice = self.shop.voice(profile.ok().flatten().as_ref(), None);
        let parcel = Parcel { order, voice, repeat, chat: ChatId::new(order.user.number()) };
        let parts = match order.kind {
            GoodsKind::Line => 1,
            GoodsKind::File => order.items.len(),
        };
        while *sent < parts {
            // Files are large: few are in memory at once, whatever is owed.
            let slot = match order.kind {
                GoodsKind::Line => None,
                GoodsKind::File => self.shop.fleet.files.clone().acquire_owned().await.ok(),
            };
            let items = match order.kind {
                GoodsKind::Line => order.items.clone(),
                GoodsKind::File => order.items[*sent..=*sent].to_vec(),
            };
            let contents = match self.contents(order, items).await {
                Ok(contents) => contents,
                Err(attempt) => return attempt,
            };
            let outgoing = match parcel.part(*sent, &contents) {
                Ok(outgoing) => outgoing,
                Err(error) => {
                    tracing::error!(order = %order.id, %error, "goods cannot be read");
                    return Attempt::Await(AwaitCause::Refused);
                }
            };
            drop(contents);
            if let Some(end) = self.send(order, outgoing).await {
                return end;
            }
            drop(slot);
            *sent += 1;
        }
        Attempt::Arrived
    }

    /// Sends one part; answers how the attempt ended, if it did.
    async fn send(&self, order: &Order, outgoing: Outgoing) -> Option<Attempt> {
        match self.shop.outbox.send(outgoing).await {
            SendResult::Sent(_) | SendResult::Done => None,
            SendResult::Blocked => Some(Attempt::Await(AwaitCause::Blocked)),
            SendResult::TokenRefused => Some(Attempt::Await(AwaitCause::TokenRevoked)),
            SendResult::Refused(reason) => {
                tracing::error!(order = %order.id, reason, "telegram refuses the goods");
                Some(Attempt::Await(AwaitCause::Refused))
            }
            SendResult::Closed => Some(Attempt::Closed),
            SendResult::Ambiguous | SendResult::Unreachable | SendResult::Full(_) => {
                Some(Attempt::Again)
            }
        }
    }

    /// Reads and opens the contents of some items, the opening off the bots' thread.
    async fn contents(
        &self,
        order: &Order,
        items: Vec<ItemId>,
    ) -> Result<Vec<SecretBytes>, Attempt> {
        let fleet = &self.shop.fleet;
        let sealed = fleet.store.goods(items).await.map_err(|error| {
            tracing::warn!(order = %order.id, %error, "goods cannot be read");
            Attempt::Again
        })?;
        let (done, opened) = oneshot::channel();
        let vault = fleet.vault.clone();
        fleet.placement.in_background(Box::pin(async move {
            let open = |(print, sealed)| goods::open(&vault, print, &sealed);
            let opened: Result<Vec<_>, _> = sealed.into_iter().map(open).collect();
            // A courier that no longer waits belongs to a run that has ended.
            let _ = done.send(opened);
        }));
        opened.await.map_err(|_| Attempt::Closed)?.map_err(|error| {
            tracing::error!(order = %order.id, %error, "goods cannot be opened");
            Attempt::Await(AwaitCause::Refused)
        })
    }

    fn wait_for(&self, user: UserId, order: OrderId) {
        self.waiting.borrow_mut().entry(user).or_default().insert(order);
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

    /// Records where the goods are, until it is recorded; the end of the run waits for it as long as it
    /// can: an order must not stay pending for want of a permit, nor its goods be sent again.
    async fn record(&self, what: &str, order: &Order, body: LedgerCommand) {
        let Ok(id) = format!("{what}:{}", order.id).parse() else { return };
        let (tenant, caller) = (order.tenant.clone(), Caller::System);
        let command = Command { id, tenant, caller, body };
        let mut pause = RETRY_MIN;
        while !self.shop.fleet.core.has_ended() {
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

/// What the messages of a delivery are made of.
struct Parcel<'a> {
    order: &'a Order,
    voice: Voice<'a>,
    repeat: bool,
    chat: ChatId,
}

impl Parcel<'_> {
    /// One message: all lines as text, or one file as a document.
    fn part(&self, number: usize, contents: &[SecretBytes]) -> Result<Outgoing, Unopenable> {
        let Self { order, voice, repeat, chat } = *self;
        let header = notices::delivery_header(voice, order, repeat);
        let again = notices::delivery_repeat(voice);
        match order.kind {
            GoodsKind::Line => {
                let line = |content: &SecretBytes| {
                    let text = String::from_utf8_lossy(content.expose());
                    format!("<code>{}</code>", crate::telegram::text::escape(&text))
                };
                let lines: Vec<String> = contents.iter().map(line).collect();
                let footer = notices::delivery_footer(voice);
                let html = format!("{header}\n\n{}\n\n{footer}", lines.join("\n"));
                let screen = Screen { html, keyboard: Vec::new() };
                Ok(Outgoing::goods(chat, screen, again, format!("{}.txt", order.id)))
            }
            GoodsKind::File => {
                let content = contents.first().ok_or(Unopenable)?;
                let file = FileGoods::decode(content.expose())?;
                let content = Content(file.bytes.into());
                let file = DocumentFile::Upload { name: file.name, content };
                let caption = if number == 0 { header } else { String::new() };
                Ok(Outgoing::goods_file(chat, file, caption, again))
            }
        }
    }
}
