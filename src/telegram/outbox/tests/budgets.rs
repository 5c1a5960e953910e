//! When things go out: budgets, priorities, pauses, and who waits for whom.

use super::*;

#[tokio::test(start_paused = true)]
async fn a_private_chat_gets_a_burst_and_then_one_a_second() {
    check(Case {
        sends: ["a", "b", "c", "d", "e"].map(|text| (0, reply(5, text))).into(),
        calls: &[(0, "5 a"), (10, "5 b"), (20, "5 c"), (1000, "5 d"), (2000, "5 e")],
        results: &sent(101, 5),
        ..Case::default()
    })
    .await;
}

/// A pasted token does not stand in the chat for as long as the chat's answers take.
#[tokio::test(start_paused = true)]
async fn a_deletion_does_not_wait_for_the_messages_of_its_chat() {
    let messages = ["a", "b", "c", "d", "e"].map(|text| (0, reply(5, text)));
    let deletion = (0, Outgoing::delete(ChatId::new(5), 7));
    check(Case {
        sends: messages.into_iter().chain([deletion]).collect(),
        calls: &[
            (0, "5 delete 7"),
            (0, "5 a"),
            (10, "5 b"),
            (20, "5 c"),
            (1000, "5 d"),
            (2000, "5 e"),
        ],
        results: &[
            SendResult::Sent(102),
            SendResult::Sent(103),
            SendResult::Sent(104),
            SendResult::Sent(105),
            SendResult::Sent(106),
            SendResult::Done,
        ],
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_group_gets_its_share_of_any_minute() {
    check(Case {
        limits: Limits { group_per_min: 2, ..Limits::default() },
        sends: ["a", "b", "c"].map(|text| (0, reply(-5, text))).into(),
        calls: &[(0, "-5 a"), (10, "-5 b"), (60_000, "-5 c")],
        results: &sent(101, 3),
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_bot_makes_no_more_calls_in_any_second_than_its_budget() {
    let rig = Rig::new(Limits::default(), Vec::new());
    let sends: Vec<_> = (1..=300).map(|chat| rig.outbox.send(reply(chat, "x"))).collect();
    futures_util::future::join_all(sends).await;
    let times: Vec<i64> = rig.calls().iter().map(|(at, _)| *at).collect();
    assert_eq!(times.len(), 300);
    let too_close = times.windows(29).find(|calls| calls[28] - calls[0] < 1000);
    assert_eq!(too_close, None);
    // 300 calls at 28 a second take ten full seconds and not one more.
    assert_eq!(times.last(), Some(&10_000));
}

#[tokio::test(start_paused = true)]
async fn the_urgent_goes_first_and_each_priority_keeps_its_order() {
    for (chats, limits) in [
        ([1, 2, 3, 4, 5, 6], Limits { bot_per_s: 1, ..Limits::default() }),
        ([1; 6], Limits { chat_burst: 1, bot_per_s: 1, ..Limits::default() }),
    ] {
        let [a, b, c, d, e, f] = chats;
        let expected = [
            (0, "tap t".to_owned()),
            (1000, format!("{b} goods 1")),
            (2000, format!("{f} goods 2")),
            (3000, format!("{c} reply")),
            (4000, format!("{d} notice")),
            (5000, format!("{a} broadcast")),
        ];
        let calls: Vec<(i64, &str)> = expected.iter().map(|(at, t)| (*at, t.as_str())).collect();
        check(Case {
            limits,
            sends: vec![
                (0, broadcast(a, "broadcast")),
                (0, goods(b, "goods 1")),
                (0, reply(c, "reply")),
                (0, notice(d, "notice")),
                (0, tap(e, "t")),
                (0, goods(f, "goods 2")),
            ],
            calls: &calls,
            results: &[106, 102, 104, 105, 0, 103].map(|id| match id {
                0 => SendResult::Done,
                id => SendResult::Sent(id),
            }),
            ..Case::default()
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn answers_to_taps_wait_for_no_message() {
    check(Case {
        limits: Limits { chat_burst: 1, ..Limits::default() },
        sends: vec![
            (0, reply(5, "a")),
            (0, reply(5, "b")),
            (0, tap(5, "t1")),
            (0, tap(5, "t2")),
            (0, tap(5, "t3")),
        ],
        calls: &[(0, "tap t1"), (0, "5 a"), (10, "tap t2"), (20, "tap t3"), (1000, "5 b")],
        results: &[
            SendResult::Sent(102),
            SendResult::Sent(105),
            SendResult::Done,
            SendResult::Done,
            SendResult::Done,
        ],
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_broadcast_leaves_room_for_answers() {
    let rig = Rig::new(Limits::default(), Vec::new());
    let many: Vec<_> = (1..=100).map(|chat| rig.outbox.send(broadcast(chat, "news"))).collect();
    rig.clock.sleep(Millis::from_ms(100)).await;
    let answered = rig.outbox.send(reply(200, "here"));
    answered.await;
    assert_eq!(rig.clock.now().ms(), 110, "the answer waits for no broadcast");
    futures_util::future::join_all(many).await;
    assert_eq!(rig.calls().iter().filter(|(at, _)| *at < 1000).count(), 22);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_messages_for_one_chat_delay_nobody_else() {
    let limits = Limits { chat_queue: 1000, ..Limits::default() };
    let rig = Rig::new(limits, Vec::new());
    let hog: Vec<_> = (0..1000).map(|n| rig.outbox.send(reply(1, &n.to_string()))).collect();
    let mut others = Vec::new();
    for chat in 2..=1001 {
        rig.clock.sleep(Millis::from_ms(40)).await;
        let (clock, begun) = (rig.clock.clone(), rig.clock.now());
        let send = rig.outbox.send(reply(chat, "x"));
        others.push(tokio::spawn(async move {
            send.await;
            clock.now().since(begun).ms()
        }));
    }
    let mut waits = Vec::new();
    for other in others {
        waits.push(other.await.expect("no send panics"));
    }
    waits.sort_unstable();
    assert!(waits[989] < 50, "p99 is {} ms", waits[989]);
    let results = futures_util::future::join_all(hog).await;
    assert!(results.iter().all(|result| matches!(result, SendResult::Sent(_))));
    let calls = rig.calls();
    let order = calls.iter().filter_map(|(_, text)| text.strip_prefix("1 ")?.parse::<i32>().ok());
    assert!(order.eq(0..1000), "the order of one chat is kept");
}

#[tokio::test(start_paused = true)]
async fn a_pause_for_one_chat_is_its_own() {
    check(Case {
        sends: vec![
            (0, reply(5, "a")),
            (0, reply(5, "b")),
            (0, tap(5, "t")),
            (20, reply(6, "c")),
            (30, goods(5, "d")),
        ],
        failures: vec![("5 a", ApiError::RetryAfter(Millis::from_secs(7)))],
        calls: &[
            (0, "tap t"),
            (0, "5 a"),
            (20, "6 c"),
            (7010, "5 d"),
            (7020, "5 a"),
            (7030, "5 b"),
        ],
        results: &[
            SendResult::Sent(104),
            SendResult::Sent(105),
            SendResult::Done,
            SendResult::Sent(102),
            SendResult::Sent(103),
        ],
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn two_chats_told_to_wait_within_a_second_stop_the_bot() {
    let wait = |seconds| ApiError::RetryAfter(Millis::from_secs(seconds));
    for (second_at, third) in [(900, 8910), (1500, 3000)] {
        let second_again = second_at + 10 + 8000;
        let mut calls = vec![(0, "5 a"), (second_at, "6 b"), (third, "7 c")];
        // Chat 5 waits for its own pause, and for the bot's when there is one.
        calls.push((third.max(3010), "5 a"));
        calls.push((second_again, "6 b"));
        calls.sort_unstable_by_key(|(at, text)| (*at, text.chars().next()));
        check(Case {
            sends: vec![(0, reply(5, "a")), (second_at, reply(6, "b")), (3000, reply(7, "c"))],
            failures: vec![("5 a", wait(3)), ("6 b", wait(8))],
            calls: &calls,
            results: &if second_at == 900 {
                [SendResult::Sent(101), SendResult::Sent(102), SendResult::Sent(103)]
            } else {
                [SendResult::Sent(102), SendResult::Sent(103), SendResult::Sent(101)]
            },
            ..Case::default()
        })
        .await;
    }
}
