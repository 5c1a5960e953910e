//! A small shop, and a chat with it: says, taps, gets replies, looks at what is shown.

use crate::domain::catalog::{Category, GoodsKind, Product};
use crate::domain::id::{CategoryId, ChatId, OrderId, ProductId, QuoteId, TenantId, UserId};
use crate::domain::ledger::Rules;
use crate::domain::money::Money;
use crate::domain::order::{Delivery, Order, Quote};
use crate::domain::pricing::{Markup, PriceRule, UnitPrice};
use crate::domain::sealed::Fingerprint;
use crate::domain::tenant::{BotIdentity, OwnerLink, Tenant, TenantStatus, Terms};
use crate::domain::time::{Millis, Timestamp};
use crate::domain::view::View;
use crate::domain::withdrawal::{Withdrawal, WithdrawalStatus};
use crate::secret::Secret;
use crate::telegram::callback::Tap;
use crate::telegram::dialog::{Effect, Input, State, Step, replay, step};
use crate::telegram::incoming::{Content, Document, Incoming};
use crate::telegram::intent::parse;
use crate::telegram::request::{Reply, Request};
use crate::telegram::screen::{BUTTONS_MAX, Button, Context, Role, Screen, TEXT_MAX};
use crate::telegram::text::{Lang, Texts, Voice};
use chrono::FixedOffset;

/// An address with a right check sum.
pub(crate) const ADDRESS: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
/// What a pasted token looks like.
pub(crate) const TOKEN: &str = "123456789:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
/// The base price of every product: no other number in here reads like it.
pub(crate) const BASE: &str = "7.31";
/// What an agent's customer pays for it, with ten percent on top.
pub(crate) const UNIT: &str = "8.04";
/// Names are text, whatever they hold.
pub(crate) const PRODUCT: &str = "<b>Key</b> & Co";

/// The moment at which everything happens.
pub(crate) const NOW: Timestamp = Timestamp::from_ms(1_735_689_600_000);

pub(crate) fn usdt(text: &str) -> Money {
    text.parse().expect("an amount")
}

/// Everything a dialog borrows, owned.
pub(crate) struct Kit {
    texts: Texts,
    pub(crate) view: View,
    rules: Rules,
    pub(crate) tenant: TenantId,
    pub(crate) role: Role,
    pub(crate) lang: Lang,
}

impl Kit {
    /// The master's shop or agent a1's, with four products.
    pub(crate) fn new(tenant: &str, role: Role, lang: Lang) -> Self {
        Self {
            texts: Texts::load().expect("the embedded texts fit the keys"),
            view: view(),
            rules: Rules::standard(),
            tenant: tenant.parse().expect("a tenant"),
            role,
            lang,
        }
    }

    pub(crate) fn ctx(&self) -> Context<'_> {
        let zone = FixedOffset::east_opt(0).expect("a zone");
        Context {
            tenant: &self.tenant,
            bot_username: "some_bot",
            user: UserId::new(5),
            view: &self.view,
            role: self.role,
            voice: Voice { texts: &self.texts, lang: self.lang, zone },
            rules: &self.rules,
            file_max_mb: 20,
        }
    }

    /// The shop, to change it.
    pub(crate) fn shop(&mut self) -> &mut Tenant {
        self.view.tenants.get_mut(&self.tenant).expect("the kit's shop")
    }
}

fn view() -> View {
    let mut view = View::default();
    for (number, name) in [(1, "Keys"), (2, "Files")] {
        let id = CategoryId::new(number);
        view.catalog.categories.insert(id, Category { id, name: name.to_owned() });
    }
    for (number, category, kind, price, listed, count) in [
        (1, 1, GoodsKind::Line, Some(BASE), true, 5),
        (2, 2, GoodsKind::File, Some(BASE), true, 0),
        (3, 1, GoodsKind::Line, None, true, 3),
        (4, 1, GoodsKind::Line, Some(BASE), false, 3),
    ] {
        let id = ProductId::new(number);
        let name = if number == 1 { PRODUCT.to_owned() } else { format!("Product {number}") };
        let price = price.map(usdt);
        let (category, description) = (CategoryId::new(category), "Line & <line>".to_owned());
        let product = Product { id, category, name, description, price, kind, listed };
        view.catalog.products.insert(id, product);
        view.counts.insert(id, count);
    }
    for (number, id, name) in [(1, "master", "Main shop"), (2, "agent:a1", "Ann's <i>shop</i>")] {
        let tenant = tenant(number, id, name);
        view.tenants.insert(tenant.id.clone(), tenant);
    }
    view
}

fn tenant(number: u8, id: &str, name: &str) -> Tenant {
    let id: TenantId = id.parse().expect("a tenant");
    let code = Fingerprint::new([number; 16]);
    let percent = if id == TenantId::Master { 0 } else { 10 };
    let bot = BotIdentity {
        id: UserId::new(i64::from(number)),
        username: format!("bot_{number}"),
        token: code,
    };
    Tenant {
        id,
        name: name.to_owned(),
        bot,
        status: TenantStatus::Active,
        owner: None,
        link: Some(OwnerLink { code, expires_at: NOW + Millis::from_hours(24) }),
        pricing: PriceRule { markup: Markup::Percent(percent.into()), ..PriceRule::PLAIN },
        wallet: None,
        terms: Terms::default(),
        created_at: NOW,
    }
}

/// The promise that the core makes for so many of product 1 in agent a1's shop.
pub(crate) fn quote(quantity: u32) -> Quote {
    let price = UnitPrice { base: usdt(BASE), unit: usdt(UNIT) };
    Quote {
        id: "quo_q1".parse().expect("an id"),
        tenant: "agent:a1".parse().expect("a tenant"),
        user: UserId::new(5),
        product: ProductId::new(1),
        product_name: PRODUCT.to_owned(),
        kind: GoodsKind::Line,
        quantity,
        price,
        total: price.unit.checked_mul(quantity).expect("small"),
        maturity: Millis::from_hours(48),
        expires_at: NOW + Millis::from_secs(600),
    }
}

/// A paid order of agent a1's shop.
pub(crate) fn order() -> Order {
    let quote = quote(2);
    Order {
        id: OrderId::of(&quote.id),
        tenant: quote.tenant,
        user: quote.user,
        product: quote.product,
        product_name: quote.product_name,
        kind: quote.kind,
        price: quote.price,
        total: quote.total,
        items: vec![crate::domain::id::ItemId::new(1), crate::domain::id::ItemId::new(2)],
        placed_at: NOW,
        delivery: Delivery::Delivered { at: NOW },
    }
}

/// A withdrawal of agent a1 in this state.
pub(crate) fn withdrawal(status: WithdrawalStatus) -> Withdrawal {
    Withdrawal {
        id: crate::domain::id::WithdrawalId::new(12),
        agent: "a1".parse().expect("an id"),
        requested_by: UserId::new(5),
        amount: usdt("50"),
        fee: usdt("1"),
        net: usdt("49"),
        address: ADDRESS.parse().expect("an address"),
        allocations: Vec::new(),
        requested_at: NOW,
        status,
    }
}

/// The id of [`quote`].
pub(crate) fn quote_id() -> QuoteId {
    quote(1).id
}

/// One chat with one bot.
pub(crate) struct Chat {
    pub(crate) kit: Kit,
    pub(crate) state: State,
    pub(crate) now: Timestamp,
    pub(crate) last: Step,
}

impl Chat {
    pub(crate) fn new(kit: Kit) -> Self {
        let last = Step { state: State::default(), effects: Vec::new(), request: None };
        Self { kit, state: State::default(), now: NOW, last }
    }

    /// Something arrives in the private chat.
    pub(crate) fn get(&mut self, content: Content) -> &mut Self {
        let incoming = incoming(true, content);
        let intent = parse(incoming, &self.kit.ctx());
        self.input(Input::Intent(intent))
    }

    /// The person types.
    pub(crate) fn say(&mut self, text: &str) -> &mut Self {
        self.get(Content::Text(Secret::new(text)))
    }

    /// The person taps a button, which must be there.
    pub(crate) fn tap(&mut self, tap: impl Into<Tap>) -> &mut Self {
        let tap = tap.into();
        let data = tap.data();
        assert!(self.offers(&tap), "no button {data} on {:?}", self.screen().keyboard);
        self.get(Content::Tap { message: 7, data })
    }

    /// The person taps a button of an older message.
    pub(crate) fn tap_old(&mut self, data: &str) -> &mut Self {
        self.get(Content::Tap { message: 3, data: data.to_owned() })
    }

    /// The person sends a file.
    pub(crate) fn file(&mut self, name: &str, size: u64, caption: Option<&str>) -> &mut Self {
        self.get(Content::Document(Document {
            file_id: "file-1".to_owned(),
            file_name: name.to_owned(),
            size: Some(size),
            caption: caption.map(Secret::new),
        }))
    }

    /// The fleet answers the request at hand.
    pub(crate) fn reply(&mut self, reply: Reply) -> &mut Self {
        assert!(self.last.request.is_some() || self.is_recording(), "nothing was asked");
        self.input(Input::Reply(reply))
    }

    fn is_recording(&self) -> bool {
        self.state.to_json().contains("recording")
    }

    pub(crate) fn input(&mut self, input: Input) -> &mut Self {
        let is_tap = matches!(
            &input,
            Input::Intent(
                crate::telegram::intent::Intent::Tap { .. }
                    | crate::telegram::intent::Intent::OldTap { .. }
            )
        );
        let step = step(&self.kit.ctx(), self.state.clone(), input, self.now);
        let answers = step.effects.iter().filter(|e| matches!(e, Effect::AnswerTap { .. })).count();
        assert_eq!(answers, usize::from(is_tap), "a tap is answered once, and nothing else is");
        self.took(step)
    }

    /// The last update comes again.
    pub(crate) fn again(&mut self) -> &mut Self {
        let step = replay(&self.kit.ctx(), self.state.clone(), self.now);
        self.took(step)
    }

    fn took(&mut self, step: Step) -> &mut Self {
        check_step(&self.kit, &step);
        self.state = State::from_json(&step.state.to_json());
        assert_eq!(self.state, step.state, "a state survives its storage");
        self.last = step;
        self
    }

    /// The request that the last step made.
    pub(crate) fn asks(&mut self, request: &Request) -> &mut Self {
        assert_eq!(self.last.request.as_ref(), Some(request));
        self
    }

    /// The last step asked for nothing.
    pub(crate) fn asks_nothing(&mut self) -> &mut Self {
        assert_eq!(self.last.request, None);
        self
    }

    /// The last screen holds all of these.
    pub(crate) fn sees(&mut self, texts: &[&str]) -> &mut Self {
        let html = &self.screen().html;
        for text in texts {
            assert!(html.contains(text), "{text:?} is not in {html:?}");
        }
        self
    }

    /// The last screen has this button.
    pub(crate) fn can(&mut self, tap: impl Into<Tap>) -> &mut Self {
        let tap = tap.into();
        assert!(self.offers(&tap), "no button {tap:?} on {:?}", self.screen().keyboard);
        self
    }

    /// The last screen lacks this button.
    pub(crate) fn cannot(&mut self, tap: impl Into<Tap>) -> &mut Self {
        let tap = tap.into();
        assert!(!self.offers(&tap), "{tap:?} is offered");
        self
    }

    fn offers(&self, tap: &Tap) -> bool {
        let data = tap.data();
        let holds = |button: &Button| match button {
            Button::Callback { data: held, .. } => *held == data,
            Button::Url { .. } => false,
        };
        self.screen().keyboard.iter().flatten().any(holds)
    }

    /// What was shown last.
    pub(crate) fn screen(&self) -> &Screen {
        let shown = self.last.effects.iter().rev().find_map(shown);
        shown.unwrap_or_else(|| panic!("nothing is shown by {:?}", self.last.effects))
    }

    /// Whether the person's message is deleted by the last step.
    pub(crate) fn deletes(&self) -> bool {
        self.last.effects.iter().any(|e| matches!(e, Effect::DeleteIncoming { .. }))
    }

    /// Whether the last screen replaced another.
    pub(crate) fn edits(&self) -> bool {
        self.last.effects.iter().any(|e| matches!(e, Effect::Edit { message_id: 7, .. }))
    }
}

macro_rules! taps {
    ($($kind:ident $part:ident),*) => {
        $(impl From<crate::telegram::callback::$part> for Tap {
            fn from(tap: crate::telegram::callback::$part) -> Self {
                Self::$kind(tap)
            }
        })*
    };
}
taps!(Shop ShopTap, Owner OwnerTap, Admin AdminTap, Goods GoodsTap, Payout PayoutTap);

/// An update by user 5.
pub(crate) fn incoming(private: bool, content: Content) -> Incoming {
    Incoming {
        update: 1,
        chat: ChatId::new(if private { 5 } else { -5 }),
        private,
        user: UserId::new(5),
        name: "Cat".to_owned(),
        username: None,
        language_code: None,
        message: Some(9),
        content,
    }
}

fn shown(effect: &Effect) -> Option<&Screen> {
    match effect {
        Effect::Send(screen) | Effect::Edit { screen, .. } => Some(screen),
        Effect::AnswerTap { .. } | Effect::DeleteIncoming { .. } => None,
    }
}

/// What holds for every step: Telegram's limits, a way back, buttons that exist, the language, and
/// that an agent's bot never shows the base price.
pub(crate) fn check_step(kit: &Kit, step: &Step) {
    for effect in &step.effects {
        let screen = match effect {
            Effect::Send(screen) | Effect::Edit { screen, .. } => screen,
            Effect::DeleteIncoming { otherwise } => otherwise,
            Effect::AnswerTap { text, .. } => {
                let short = text.as_ref().is_none_or(|text| text.chars().count() <= 200);
                assert!(short, "{text:?}");
                continue;
            }
        };
        check_screen(kit, screen);
    }
    let stored = step.state.to_json();
    assert!(!stored.contains("AAAAAAA") && !stored.contains("SECRET"), "{stored}");
    assert!(stored.len() < 16_000, "{} bytes", stored.len());
}

pub(crate) fn check_screen(kit: &Kit, screen: &Screen) {
    let html = &screen.html;
    assert!((1..=TEXT_MAX).contains(&visible(html).encode_utf16().count()), "{html}");
    assert!(!html.contains(['{', '}']), "a placeholder is left in {html}");
    let buttons: Vec<&Button> = screen.keyboard.iter().flatten().collect();
    assert!((1..=BUTTONS_MAX).contains(&buttons.len()), "no way back from {html}");
    for button in buttons {
        let Button::Callback { label, data } = button else { continue };
        assert!((1..=40).contains(&label.chars().count()), "{label}");
        let tap = Tap::read(data).unwrap_or_else(|| panic!("{data} is not ours"));
        assert!(kit.ctx().may(&tap), "{data} does not exist for this person");
    }
    if kit.tenant != TenantId::Master {
        assert!(!html.contains(BASE), "the base price is in {html}");
        let on_button = format!("{:?}", screen.keyboard);
        assert!(!on_button.contains(BASE) && !on_button.contains("Main shop"), "{on_button}");
    }
}

/// The text that Telegram counts: without tags, entities read. Panics on HTML it would refuse.
pub(crate) fn visible(html: &str) -> String {
    let (mut text, mut rest, mut open) = (String::new(), html, Vec::new());
    while let Some(at) = rest.find(['<', '>', '&']) {
        text.push_str(&rest[..at]);
        let (end, is_tag) = match &rest[at..=at] {
            "<" => (rest[at..].find('>').expect("a tag ends"), true),
            "&" => (rest[at..].find(';').expect("an entity ends"), false),
            other => panic!("{other} in {html}"),
        };
        let inner = &rest[at + 1..at + end];
        match (is_tag, inner.strip_prefix('/')) {
            (true, Some(name)) => assert_eq!(open.pop(), Some(name), "{html}"),
            (true, None) => {
                assert!(["b", "i", "code", "pre"].contains(&inner), "<{inner}> in {html}");
                open.push(inner);
            }
            (false, _) => {
                assert!(["amp", "lt", "gt", "quot"].contains(&inner), "&{inner}; in {html}");
                text.push('x');
            }
        }
        rest = &rest[at + end + 1..];
    }
    assert!(open.is_empty(), "{html}");
    text.push_str(rest);
    text
}
