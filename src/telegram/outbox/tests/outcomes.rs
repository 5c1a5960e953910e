//! What comes of it: refusals, fallbacks, unknown outcomes, long texts.

use super::*;
use crate::telegram::client::DocumentFile;

fn edit(chat: i64, message: i32, html: &str) -> Outgoing {
    Outgoing::edit(ChatId::new(chat), message, screen(html))
}

/// One send, the failures of its calls in their order, the calls and the result.
async fn check_one(
    outgoing: Outgoing,
    failures: Vec<ApiError>,
    calls: &[(i64, &str)],
    result: SendResult,
) {
    let failures = failures.into_iter().map(|error| ("", error)).collect();
    let sends = vec![(0, outgoing)];
    check(Case { sends, failures, calls, results: &[result], ..Case::default() }).await;
}

#[tokio::test(start_paused = true)]
async fn broken_markup_goes_out_as_plain_text_once() {
    let broken = || refusal("can't parse entities: Unsupported start tag \"…\" at byte offset 1");
    let html = "<b>1 &lt; 2</b> <key>";
    check_one(
        reply(5, html),
        vec![broken()],
        &[(0, "5 <b>1 &lt; 2</b> <key>"), (10, "5 1 < 2 <key> (plain)")],
        SendResult::Sent(101),
    )
    .await;
    let SendResult::Refused(_) = twice_refused(html, broken()).await else {
        panic!("a plain text that cannot be parsed is refused")
    };
}

async fn twice_refused(html: &str, error: ApiError) -> SendResult {
    let rig = Rig::new(Limits::default(), vec![("5 ", error.clone()), ("5 ", error)]);
    rig.outbox.send(reply(5, html)).await
}

#[tokio::test(start_paused = true)]
async fn refusals_in_words() {
    let first = || vec![refusal("message is not modified: specified new message content")];
    check_one(edit(5, 7, "a"), first(), &[(0, "5 edit 7 a")], SendResult::Sent(7)).await;
    for words in ["message to edit not found", "message can't be edited"] {
        let calls = [(0, "5 edit 7 a"), (10, "5 a")];
        check_one(edit(5, 7, "a"), vec![refusal(words)], &calls, SendResult::Sent(101)).await;
    }
    let delete = || Outgoing::delete(ChatId::new(5), 7);
    let gone = vec![refusal("message to delete not found")];
    check_one(delete(), gone, &[(0, "5 delete 7")], SendResult::Done).await;
    let cannot = "Bad Request: message can't be deleted for everyone".to_owned();
    let failure = vec![ApiError::BadRequest(cannot.clone())];
    check_one(delete(), failure, &[(0, "5 delete 7")], SendResult::Refused(cannot)).await;
    let unknown = vec![refusal("chat not found")];
    check_one(reply(5, "a"), unknown, &[(0, "5 a")], SendResult::Blocked).await;
    let old = "Bad Request: query is too old".to_owned();
    let failure = vec![ApiError::BadRequest(old.clone())];
    check_one(tap(5, "t"), failure, &[(0, "tap t")], SendResult::Refused(old)).await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_outcome_is_tried_again_and_goods_say_so() {
    let lost = || ApiError::AnswerLost;
    let again = "5 <i>again</i>\n\nkey";
    let repeated = [(0, "5 key"), (510, again)];
    check_one(goods(5, "key"), vec![lost()], &repeated, SendResult::Sent(101)).await;
    let thrice = [(0, "5 key"), (510, again), (1520, again)];
    let server = ApiError::Server(502);
    let unknown = SendResult::Ambiguous;
    check_one(goods(5, "key"), vec![lost(), server, lost()], &thrice, unknown.clone()).await;
    // Once unknown, always unknown.
    let then_cut = vec![lost(), ApiError::Unreachable, ApiError::Unreachable];
    check_one(goods(5, "key"), then_cut, &thrice, unknown).await;
    let plain = [(0, "5 a"), (510, "5 a")];
    check_one(reply(5, "a"), vec![lost()], &plain, SendResult::Sent(101)).await;
    let file = Outgoing::goods_file(
        ChatId::new(5),
        DocumentFile::Id("F".to_owned()),
        String::new(),
        "again".to_owned(),
    );
    let calls = [(0, "5 file F "), (510, "5 file F again")];
    check_one(file, vec![lost()], &calls, SendResult::Sent(101)).await;
}

#[tokio::test(start_paused = true)]
async fn no_connection_is_no_repeat() {
    let cut = || vec![ApiError::Unreachable; 3];
    let calls = [(0, "5 key"), (510, "5 key"), (1520, "5 key")];
    check_one(goods(5, "key"), cut(), &calls, SendResult::Unreachable).await;
    let calls = [(0, "tap t"), (510, "tap t"), (1520, "tap t")];
    check_one(tap(5, "t"), cut(), &calls, SendResult::Unreachable).await;
}

#[tokio::test(start_paused = true)]
async fn who_blocked_the_bot_is_remembered_until_heard_from() {
    let limits = Limits { chat_burst: 9, ..Limits::default() };
    let rig = Rig::new(limits, vec![("5 a", ApiError::Forbidden)]);
    let first = ["a", "b"].map(|text| rig.outbox.send(reply(5, text)));
    let results = futures_util::future::join_all(first).await;
    assert_eq!(results, [SendResult::Blocked, SendResult::Blocked]);
    for outgoing in [notice(5, "n"), goods(5, "g"), broadcast(5, "x")] {
        assert_eq!(rig.outbox.send(outgoing).await, SendResult::Blocked);
    }
    assert_eq!(rig.outbox.stats().blocked, 1);
    assert_eq!(rig.outbox.send(notice(6, "n")).await, SendResult::Sent(101));
    rig.outbox.heard_from(ChatId::new(5));
    assert_eq!(rig.outbox.send(goods(5, "g")).await, SendResult::Sent(102));
    let calls: Vec<String> = rig.calls().into_iter().map(|(_, text)| text).collect();
    assert_eq!(calls, ["5 a", "6 n", "5 g"]);
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_tried_in_spite_of_the_memory_and_clears_it() {
    let rig = Rig::new(Limits::default(), vec![("5 a", ApiError::Forbidden)]);
    assert_eq!(rig.outbox.send(reply(5, "a")).await, SendResult::Blocked);
    assert_eq!(rig.outbox.send(reply(5, "b")).await, SendResult::Sent(101));
    assert_eq!(rig.outbox.send(notice(5, "c")).await, SendResult::Sent(102));
}

#[tokio::test(start_paused = true)]
async fn a_refused_token_ends_everything_that_waits() {
    let limits = Limits { bot_per_s: 1, ..Limits::default() };
    check(Case {
        limits,
        sends: vec![(0, goods(5, "a")), (0, goods(5, "b")), (0, reply(6, "c")), (0, tap(7, "t"))],
        failures: vec![("tap t", ApiError::Unauthorized)],
        calls: &[(0, "tap t")],
        results: &[const { SendResult::TokenRefused }; 4],
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_group_moves_with_it() {
    check(Case {
        sends: vec![(0, reply(-5, "a")), (0, reply(-5, "b")), (100, reply(-9, "c"))],
        failures: vec![("-5 a", ApiError::Migrated(-9))],
        calls: &[(0, "-5 a"), (10, "-9 a"), (20, "-9 b"), (100, "-9 c")],
        results: &sent(101, 3),
        ..Case::default()
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_long_text_goes_in_parts_or_as_a_file() {
    let line = |c: &str| c.repeat(3000);
    let long = [line("a"), line("b"), line("c")].join("\n");
    let parts = [(0, format!("5 {}", line("a"))), (10, format!("5 {}", line("b")))];
    let last = (20, format!("5 {} +buttons", line("c")));
    let calls: Vec<(i64, &str)> =
        parts.iter().chain([&last]).map(|(at, text)| (*at, text.as_str())).collect();
    let shown = with_button(&long);
    let outgoing = Outgoing::reply(ChatId::new(5), shown.clone());
    check_one(outgoing, vec![], &calls, SendResult::Sent(103)).await;

    let edited = format!("5 edit 7 {}", line("a"));
    let edits = [(0, edited.as_str()), calls[1], calls[2]];
    let outgoing = Outgoing::edit(ChatId::new(5), 7, shown);
    check_one(outgoing, vec![], &edits, SendResult::Sent(103)).await;

    let longer = format!("<b>{long}</b>\n{}&amp;", line("d"));
    let file = format!("5 file goods.txt={long}\n{}& ", line("d"));
    check_one(goods(5, &longer), vec![], &[(0, file.as_str())], SendResult::Sent(101)).await;
}

#[tokio::test(start_paused = true)]
async fn only_the_part_of_unknown_fate_is_repeated_and_still_fits() {
    let html = format!("{}\n{}", "a".repeat(4000), "b".repeat(4089));
    let rig = Rig::new(Limits::default(), vec![("5 b", ApiError::AnswerLost)]);
    assert_eq!(rig.outbox.send(goods(5, &html)).await, SendResult::Sent(102));
    let calls: Vec<String> = rig.calls().into_iter().map(|(_, text)| text).collect();
    let (a, b) = ("a".repeat(4000), "b".repeat(4089));
    assert_eq!(calls, [format!("5 {a}"), format!("5 {b}"), format!("5 <i>again</i>\n\n{b}")]);
}

#[tokio::test(start_paused = true)]
async fn a_caption_that_does_not_fit_follows_its_file() {
    for (length, apart) in [(1017, false), (1018, true)] {
        let caption = "c".repeat(length);
        let file = DocumentFile::Id("F".to_owned());
        let outgoing =
            Outgoing::goods_file(ChatId::new(5), file, caption.clone(), "again".to_owned());
        let together = [(0, format!("5 file F {caption}"))];
        let following = [(0, "5 file F ".to_owned()), (10, format!("5 {caption}"))];
        let expected: &[(i64, String)] = if apart { &following } else { &together };
        let calls: Vec<(i64, &str)> = expected.iter().map(|(at, t)| (*at, t.as_str())).collect();
        let id = if apart { 102 } else { 101 };
        check_one(outgoing, vec![], &calls, SendResult::Sent(id)).await;
    }
}
