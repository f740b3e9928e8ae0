//! What each adapter does after a panic: the table in the adapters' README, whose words these tests read.
//!
//! A case is a source of 0 to 3, and one fault. What the consumer sees of it is a line of marks: an item, `!` for a
//! panic in its poll, `.` for the end, `~` for a panic in the drop of the stream.

use crate::waker::{Counting, next, on_wake, poll};
use aiter::{AiterExt, LagPolicy, OnError, TaskOutcome, azip, push_list};
use core::{
    convert::identity,
    fmt::{Display, Write},
    future::{Future, ready},
    panic::AssertUnwindSafe,
    pin::Pin,
    task::{Context, Poll, Waker},
};
use futures_core::Stream;
use futures_util::{StreamExt, stream};
use std::panic::catch_unwind;

#[derive(Clone, Copy, PartialEq)]
enum Fault {
    /// None in the source.
    None,
    /// The poll for the third item panics; a later poll would give the fourth.
    Poll,
    /// The source's drop panics, unless a panic is why.
    Drop,
}

/// 0 to 3.
struct Source {
    next: u32,
    fault: Fault,
}

fn source(fault: Fault) -> Source {
    Source { next: 0, fault }
}

impl Stream for Source {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        let n = self.next;
        self.next += 1;
        assert!(self.fault != Fault::Poll || n != 2, "scripted panic");
        Poll::Ready((n < 4).then_some(n))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        assert!(self.fault != Fault::Drop || std::thread::panicking(), "scripted panic in drop");
    }
}

/// The third is refused.
fn refuse(n: u32) -> u32 {
    assert_ne!(n, 2, "scripted panic");
    n
}

/// A value that panics when it is dropped, if it is of the third item and no panic is why.
#[derive(Clone)]
struct PanicOnDrop(u32);

impl Drop for PanicOnDrop {
    fn drop(&mut self) {
        assert!(self.0 != 2 || std::thread::panicking(), "scripted panic in drop");
    }
}

/// A future, an iterator and a stream of one number with a mine.
struct PanicOnDropInner {
    _panic: PanicOnDrop,
    n: Option<u32>,
}

fn panic_on_drop(n: u32) -> PanicOnDropInner {
    PanicOnDropInner { _panic: PanicOnDrop(n), n: Some(n) }
}

impl Future for PanicOnDropInner {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        Poll::Ready(self.n.take().expect("polled once"))
    }
}

/// A future of an iterator of that number.
struct PanicOnDropCall(PanicOnDropInner);

impl Future for PanicOnDropCall {
    type Output = Option<u32>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        Future::poll(Pin::new(&mut self.0), cx).map(Some)
    }
}

impl Iterator for PanicOnDropInner {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.n.take()
    }
}

impl Stream for PanicOnDropInner {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Ready(self.n.take())
    }
}

/// What a consumer sees; `step` comes before each poll.
fn transcript_with<S>(mut stream: S, mut step: impl FnMut()) -> String
where
    S: Stream<Item: Display> + Unpin,
{
    let mut line = String::new();
    for _ in 0..30 {
        step();
        match catch_unwind(AssertUnwindSafe(|| next(&mut stream))) {
            Ok(Poll::Ready(Some(item))) => write!(line, "{item}").expect("a string grows"),
            Ok(Poll::Ready(None)) => {
                line.push('.');
                break;
            }
            Ok(Poll::Pending) => {}
            Err(_) => line.push('!'),
        }
    }
    if catch_unwind(AssertUnwindSafe(|| drop(stream))).is_err() {
        line.push('~');
    }
    line
}

fn transcript<S: Stream<Item: Display> + Unpin>(stream: S) -> String {
    transcript_with(stream, || ())
}

/// Polls tasks; one that panics or is ready is done.
fn steps<F: Future<Output = ()>>(tasks: Vec<F>) -> impl FnMut() {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| Some(Box::pin(task))).collect();
    move || {
        for place in &mut tasks {
            let Some(task) = place else { continue };
            let mut cx = Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx)));
            if !matches!(polled, Ok(Poll::Pending)) {
                *place = None;
            }
        }
    }
}

/// Adds what the stream says of its end, if that is a panic.
fn with_outcome(mut line: String, outcome: Option<TaskOutcome>) -> String {
    if outcome == Some(TaskOutcome::Panicked) {
        line.push_str(" Panicked");
    }
    line
}

/// A stream and one more of the same items.
fn pair_transcript<S>(one: S, mut two: S, outcome: impl Fn(&S) -> Option<TaskOutcome>) -> String
where
    S: Stream<Item: Display> + Unpin,
{
    let one = transcript(one);
    let line = format!("{one} and {}", transcript_with(&mut two, || ()));
    let line = with_outcome(line, outcome(&two));
    if catch_unwind(AssertUnwindSafe(|| drop(two))).is_err() { line + "~" } else { line }
}

/// What the consumer of the adapter sees with a fault in the source.
fn source_fault(adapter: &str, fault: Fault) -> String {
    let s = source(fault);
    let once = |n| stream::iter([n]);
    match adapter {
        "active" => {
            let (mut stream, drive) = s.active(identity).into_parts();
            let line = transcript_with(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "active_bounded" => {
            let (mut stream, drive) = s.active_bounded(1, identity).into_parts();
            let line = transcript_with(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "azip" => transcript(azip((s,)).map(|(n,)| n)),
        "flatten_iter" => transcript(s.map(Some).flatten_iter()),
        "forker" => {
            let one = s.forker();
            let two = one.fork();
            pair_transcript(one, two, |fork| fork.outcome())
        }
        "forker_bounded" => {
            let one = s.forker_bounded(9, LagPolicy::Wait);
            let two = one.fork();
            pair_transcript(one, two, |fork| fork.outcome())
        }
        "gated" => {
            let (gate, gated) = s.gated();
            gate.push(9).expect("it is open");
            gate.stop();
            transcript(gated)
        }
        "join_streams" => transcript(s.map(once).join_streams()),
        "map_filter" => transcript(s.map_filter(Some)),
        "map_filter_async" => transcript(s.map_filter_async(|n| ready(Some(n)))),
        "map_par" => transcript(s.map_par(1, ready)),
        "map_par_with" => {
            let (stream, workers) = s.map_par_with(1, identity, ready).into_parts();
            transcript_with(stream, steps(workers))
        }
        "map_try" => transcript(s.map_try(Ok::<_, ()>).map(Result::unwrap)),
        "preload" => transcript(s.preload(1)),
        "preload_with" => {
            let (mut stream, drive) = s.preload_with(1, identity).into_parts();
            let line = transcript_with(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "sharable" => transcript(s.sharable()),
        "stoppable" => transcript(s.stoppable().1),
        "try_join_streams" => {
            let streams = s.map(|n| stream::iter([Ok::<_, ()>(n)])).map(Ok);
            transcript(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// What the consumer sees if the function, its future or an inner stream panics.
fn inner_fault(adapter: &str) -> String {
    let s = source(Fault::None);
    let inner = |n| Box::pin(stream::once(async move { refuse(n) }));
    match adapter {
        "flatten_iter" => {
            transcript(s.map(|n| core::iter::once_with(move || refuse(n))).flatten_iter())
        }
        "join_streams" => transcript(s.map(inner).join_streams()),
        "map_filter" => transcript(s.map_filter(|n| Some(refuse(n)))),
        "map_filter_async" => {
            transcript(Box::pin(s.map_filter_async(|n| async move { Some(refuse(n)) })))
        }
        "map_par" => transcript(Box::pin(s.map_par(1, |n| async move { refuse(n) }))),
        "map_par_with" => {
            let (stream, workers) =
                s.map_par_with(1, identity, |n| async move { refuse(n) }).into_parts();
            transcript_with(stream, steps(workers))
        }
        "map_try" => transcript(s.map_try(|n| Ok::<_, ()>(refuse(n))).map(Result::unwrap)),
        "try_join_streams" => {
            let streams = s.map(move |n| inner(n).map(Ok::<_, ()>)).map(Ok);
            transcript(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// What the consumer sees if what has finished panics when it is dropped.
fn inner_drop_fault(adapter: &str) -> String {
    let s = source(Fault::None);
    match adapter {
        "flatten_iter" => transcript(s.map(panic_on_drop).flatten_iter()),
        "join_streams" => transcript(s.map(panic_on_drop).join_streams()),
        "map_filter" => transcript(s.map_filter(panic_on_drop)),
        "map_filter_async" => transcript(s.map_filter_async(|n| PanicOnDropCall(panic_on_drop(n)))),
        "map_par" => transcript(s.map_par(1, panic_on_drop)),
        "map_par_with" => {
            let (stream, workers) = s.map_par_with(1, identity, panic_on_drop).into_parts();
            transcript_with(stream, steps(workers))
        }
        "try_join_streams" => {
            let streams = s.map(|n| StreamExt::map(panic_on_drop(n), Ok::<_, ()>)).map(Ok);
            transcript(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// What the words of a cell mean.
fn is_so(words: &str, line: &str) -> bool {
    // Where in the line the one panic is does not matter.
    let over = |expected: &str| line.matches('!').count() == 1 && line.replace('!', "") == expected;
    match words {
        "in a poll; the next poll polls it again" => line == "01!3.",
        "in a poll; earlier items come, then the end" => over("01."),
        "in a poll; the other items come" => over("013."),
        "in a poll; all items come" => over("0123."),
        "in a poll, in place of its item; the other items come" => line == "01!3.",
        "in the drop of the stream" => line == "0123.~",
        "in the task; then the end, `outcome` reports it" => line == "01. Panicked",
        "in the task; all items come, `outcome` reports it" => line == "0123. Panicked",
        "in the poll of one fork; then the end, `outcome` of the others reports it" => {
            line == "01!. and 01. Panicked"
        }
        "in the poll of one fork; all items come" => line == "0123!. and 0123.",
        _ => panic!("words without a meaning: {words}"),
    }
}

/// The rows below the head that begins so: names of adapters, and two cells.
fn rows(head: &str) -> Vec<(Vec<&'static str>, [&'static str; 2])> {
    let readme = include_str!("../../crates/aiter-adapters/README.md");
    let table = readme.lines().skip_while(|line| !line.starts_with(head)).skip(2);
    let row = |line: &'static str| {
        let cells: Vec<_> = line.split('|').map(str::trim).collect();
        let names = cells[1].split('`').skip(1).step_by(2).collect();
        (names, [cells[2], cells[3]])
    };
    table.take_while(|line| line.starts_with('|')).map(row).collect()
}

/// As the docs of `Pusher::push` say. The test runs itself once more, in a process that aborts.
#[test]
fn two_wakers_panic_in_one_push_aborts() {
    const CHILD: &str = "AITER_TWO_WAKERS_PANIC";
    let mut wakers = vec![on_wake(|| panic!("scripted panic")); 2];
    if std::env::var_os(CHILD).is_none() {
        let program = std::env::current_exe().expect("a test has a file");
        let mut child = std::process::Command::new(program);
        child.args(["--exact", "panics::two_wakers_panic_in_one_push_aborts", "--nocapture"]);
        let output = child.env(CHILD, "").output().expect("it can be run again");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains("aborting"), "{said}");
        // One transcript is a panic, and the other waiter is woken.
        let other = Counting::new();
        wakers[1] = other.waker().clone();
        let pushed = push_to_sleepers(&wakers);
        assert_eq!((pushed.is_err(), other.wakes()), (true, 1));
        return;
    }
    let _ = push_to_sleepers(&wakers);
    unreachable!("it aborts");
}

/// Pushes an item to a list with one sleeping cursor for each waker. All cursors get the item.
fn push_to_sleepers(wakers: &[Waker]) -> std::thread::Result<()> {
    let (pusher, cursor) = push_list();
    let mut cursors: Vec<_> = wakers.iter().map(|_| cursor.fork()).collect();
    for (cursor, waker) in cursors.iter_mut().zip(wakers) {
        assert!(poll(cursor, waker).is_pending());
    }
    let pushed = catch_unwind(AssertUnwindSafe(|| pusher.push(1).expect("it has cursors")));
    assert!(cursors.iter_mut().all(|cursor| next(cursor) == Poll::Ready(Some(1))));
    pushed
}

#[test]
fn panic_of_source_is_as_the_table_says() {
    let mut named = vec![];
    for (adapters, [poll, drop]) in rows("| adapter | its source panics") {
        for adapter in adapters {
            for (words, fault) in [(poll, Fault::Poll), (drop, Fault::Drop)] {
                let line = source_fault(adapter, fault);
                assert!(is_so(words, &line), "{adapter}: {line}, and not: {words}");
            }
            named.push(adapter);
        }
    }
    // A future, and the forms of others.
    let without = |name: &str| name == "for_each_progress" || name.ends_with("_parts");
    let ext = include_str!("../../crates/aiter-adapters/src/ext.rs");
    let methods = ext.lines().filter_map(|line| line.strip_prefix("    fn "));
    let methods = methods.filter_map(|rest| rest.split(['(', '<']).next());
    for method in methods.filter(|name| !without(name)) {
        assert!(named.contains(&method), "{method} has no row");
    }
}

#[test]
fn panic_of_inner_is_as_the_table_says() {
    let rows = rows("| adapter | its function, future or inner stream panics");
    assert_eq!(rows.iter().map(|(names, _)| names.len()).sum::<usize>(), 8);
    for (adapters, [poll, drop]) in rows {
        for adapter in adapters {
            let line = inner_fault(adapter);
            assert!(is_so(poll, &line), "{adapter}: {line}, and not: {poll}");
            if drop != "-" {
                let line = inner_drop_fault(adapter);
                assert!(is_so(drop, &line), "{adapter}: {line}, and not: {drop}");
            }
        }
    }
}
