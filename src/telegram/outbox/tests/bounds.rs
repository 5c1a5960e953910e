//! What does not fit, and how an outbox ends.

use super::*;

fn full(queue: Queue, bound: usize) -> SendResult {
    SendResult::Full(Full { queue, bound })
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_is_told_and_never_to_goods() {
    let limits = Limits { chat_queue: 2, bot_queue: 3, ..Limits::default() };
    check(Case {
        limits,
        sends: vec![
            (0, reply(5, "a")),
            (0, reply(5, "b")),
            (0, reply(5, "c")),
            (0, notice(6, "d")),
            (0, reply(7, "e")),
            (0, goods(5, "f")),
            (0, goods(5, "g")),
            (0, goods(8, "h")),
            (0, reply(9, "i")),
            (0, tap(5, "t")),
        ],
        calls: &[(0, "5 a"), (0, "7 e"), (10, "5 f"), (10, "8 h"), (20, "5 g"), (1000, "5 b")],
        results: &[
            SendResult::Sent(101),
            SendResult::Sent(106),
            full(Queue::Chat, 2),
            full(Queue::Bot, 1),
            SendResult::Sent(102),
            SendResult::Sent(103),
            SendResult::Sent(105),
            SendResult::Sent(104),
            full(Queue::Bot, 3),
            full(Queue::Bot, 3),
        ],
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn waiting_goods_of_a_chat_that_blocks_are_told() {
    let limits = Limits { chat_queue: 1, ..Limits::default() };
    check(Case {
        limits,
        sends: vec![(0, goods(5, "a")), (0, goods(5, "b")), (0, goods(5, "c"))],
        failures: vec![("5 a", ApiError::Forbidden)],
        calls: &[(0, "5 a")],
        results: &[const { SendResult::Blocked }; 3],
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn calls_under_way_are_bounded() {
    let limits = Limits { in_flight: 2, ..Limits::default() };
    check(Case {
        limits,
        sends: (1..=5).map(|chat| (0, reply(chat, "x"))).collect(),
        calls: &[(0, "1 x"), (0, "2 x"), (10, "3 x"), (10, "4 x"), (20, "5 x")],
        results: &sent(101, 5),
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_its_last_handle_and_its_last_send() {
    let rig = Rig::new(Limits::default(), Vec::new());
    let Rig { clock, wire, outbox } = rig;
    let awaited: Vec<_> = (0..5).map(|n| outbox.send(reply(5, &n.to_string()))).collect();
    drop(outbox);
    let results = futures_util::future::join_all(awaited).await;
    assert_eq!(results, sent(101, 5), "what somebody awaits is still sent");
    assert_eq!(clock.now().ms(), 2010);
    let unawaited = Rig::new(Limits::default(), Vec::new());
    drop(unawaited.outbox.send(reply(5, "a")));
    drop(unawaited.outbox);
    clock.sleep(Millis::from_secs(60)).await;
    assert_eq!(unawaited.wire.calls().len(), 0, "what nobody awaits ends with the outbox");
    assert_eq!(wire.calls().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn without_its_loop_a_send_is_closed() {
    let clock: SharedClock = Arc::new(VirtualClock::starting_at(Timestamp::EPOCH));
    let wire = Scripted::answering(|_| Ok(json!({"message_id": 1}))).timed(clock.clone(), LATENCY);
    let client = Client::new(wire.shared(), Secret::new("1:t"));
    let mut task = None;
    let spawn = |work| task = Some(tokio::spawn(work));
    let outbox = Outbox::start(client, clock, Limits::default(), spawn);
    let send = outbox.send(reply(5, "a"));
    task.expect("it was started").abort();
    assert_eq!(send.await, SendResult::Closed);
}

#[test]
fn lanes_are_forgotten() {
    let mut scheduler = Scheduler::new(Limits { bot_per_s: 1000, ..Limits::default() });
    for chat in 1..=1000 {
        let now = Timestamp::from_ms(chat * 1000);
        scheduler.push(now, reply(chat, "x")).expect("there is room");
        let Next::Send(flight) = scheduler.next(now) else { panic!("it may go at once") };
        scheduler.done(now, flight.job, Ok(Some(1)));
    }
    assert!(scheduler.lane_count() <= 128, "{} lanes are kept", scheduler.lane_count());
}
