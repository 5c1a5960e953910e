//! Defects planted in the ports of a world, each of which the judge has to find by the right law.

use serde_json::{Value, json};
use shopfleet::app::Ports;
use shopfleet::secret::Secret;
use shopfleet::sim::{Law, Simulation};
use shopfleet::telegram::transport::{ApiCall, ApiError, SharedTransport, Transport};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

type Future<T> = futures_util::future::BoxFuture<'static, T>;

/// What a defect does to one call.
enum Deed {
    /// Makes it as it is, or as it was changed.
    Make,
    /// Makes it twice.
    Twice,
    /// Says that it was made.
    Pretend,
    /// Never gets it there.
    Lose,
}

/// A wire that does something to messages.
struct Meddler {
    inner: SharedTransport,
    seen: AtomicU64,
    meddle: fn(&mut ApiCall, u64) -> Deed,
}

impl Transport for Meddler {
    fn call(&self, mut call: ApiCall) -> Future<Result<Value, ApiError>> {
        if call.method != "sendMessage" {
            return self.inner.call(call);
        }
        let number = self.seen.fetch_add(1, Ordering::Relaxed);
        match (self.meddle)(&mut call, number) {
            Deed::Make => self.inner.call(call),
            Deed::Pretend => Box::pin(async { Ok(json!({"message_id": 1})) }),
            Deed::Lose => Box::pin(async { Err(ApiError::Unreachable) }),
            Deed::Twice => {
                let (first, second) = (self.inner.call(call.clone()), self.inner.call(call));
                Box::pin(async move {
                    first.await?;
                    second.await
                })
            }
        }
    }

    fn download(&self, token: Secret, path: String) -> Future<Result<bytes::Bytes, ApiError>> {
        self.inner.download(token, path)
    }
}

fn meddled(ports: Ports, meddle: fn(&mut ApiCall, u64) -> Deed) -> Ports {
    let meddler = Meddler { inner: ports.transport.clone(), seen: AtomicU64::new(0), meddle };
    Ports { transport: Arc::new(meddler), ..ports }
}

/// Ports on which no goods ever reach Telegram.
pub(super) fn goods_never_arrive(ports: Ports) -> Ports {
    meddled(ports, |call, _| if holds_goods(call) { Deed::Lose } else { Deed::Make })
}

fn text(call: &ApiCall) -> &str {
    call.params["text"].as_str().unwrap_or_default()
}

fn holds_goods(call: &ApiCall) -> bool {
    text(call).contains("KEY-")
}

fn to_a_customer(call: &ApiCall) -> bool {
    call.params["chat_id"].as_i64().is_some_and(|chat| (810_000_000..900_000_000).contains(&chat))
}

fn add(call: &mut ApiCall, words: &str) -> Deed {
    call.params["text"] = json!(format!("{} {words}", text(call)));
    Deed::Make
}

/// A world with a defect in its wire; it is found as a breach of that law.
fn check(law: Law, meddle: fn(&mut ApiCall, u64) -> Deed) {
    let world = Simulation::new(3).customers(10).orders(40);
    let report = world.ports(move |ports| meddled(ports, meddle)).run();
    let found = report.breaches.first().map(|breach| breach.law);
    assert_eq!(found, Some(law), "{report}");
}

#[test]
fn goods_in_the_wrong_hands_are_found() {
    check(Law::Goods, |call, number| {
        if holds_goods(call) && number % 3 == 0 {
            let chat = call.params["chat_id"].as_i64().unwrap_or(0);
            call.params["chat_id"] =
                json!(if chat == 810_000_000 { chat + 1 } else { 810_000_000 });
        }
        Deed::Make
    });
}

#[test]
fn goods_that_come_twice_are_found() {
    check(Law::Goods, |call, _| if holds_goods(call) { Deed::Twice } else { Deed::Make });
}

#[test]
fn goods_that_were_only_said_to_be_sent_are_found() {
    check(Law::Goods, |call, number| {
        if holds_goods(call) && number % 4 == 0 { Deed::Pretend } else { Deed::Make }
    });
}

#[test]
fn a_receipt_for_nothing_is_found() {
    check(Law::Durable, |call, _| {
        if to_a_customer(call) && text(call).contains("ord_") {
            add(call, "ord_0123456789")
        } else {
            Deed::Make
        }
    });
}

#[test]
fn silence_is_found() {
    check(Law::Bounded, |call, number| {
        if to_a_customer(call) && number % 5 == 0 { Deed::Pretend } else { Deed::Make }
    });
}

#[test]
fn a_base_price_and_a_foreign_shop_are_found() {
    check(Law::Tenants, |call, _| told_in_an_agents_bot(call, "7.301011"));
    check(Law::Tenants, |call, _| told_in_an_agents_bot(call, "@master_bot"));
    check(Law::Tenants, |call, _| told_in_an_agents_bot(call, "700000001"));
}

/// Adds words to what a customer of an agent reads: the master's have every third number.
fn told_in_an_agents_bot(call: &mut ApiCall, words: &str) -> Deed {
    let chat = call.params["chat_id"].as_i64().unwrap_or(0);
    if to_a_customer(call) && chat % 3 != 0 { add(call, words) } else { Deed::Make }
}

#[test]
fn a_token_in_a_message_is_found() {
    check(Law::Secrets, |call, number| {
        if number == 60 {
            let token = call.token.expose().to_owned();
            return add(call, &token);
        }
        Deed::Make
    });
}

#[test]
fn another_price_than_the_promised_one_is_found() {
    check(Law::Price, |call, _| {
        if text(call).contains("Unit price") && text(call).contains("The price holds") {
            let changed = text(call).replace("Total: ", "Total: 1");
            call.params["text"] = json!(changed);
        }
        Deed::Make
    });
}
