//! Behaviour of each adapter after a panic, checked against the table in the adapters' README.
//!
//! A case is a source of the items 0 to 3 with one fault. The consumer writes a line of marks: an
//! item, `!` for a panic in its poll, `.` for the end, `~` for a panic in the drop of the stream.

use crate::waker::{Counting, next, on_wake, poll};
use aiter::{AiterExt, LagPolicy, OnError, adapters::TaskOutcome, azip, push_list};
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
    /// The source has no fault.
    None,
    /// The poll for the third item panics; the next poll yields the fourth.
    Poll,
    /// The drop of the source panics, unless the thread is already panicking.
    Drop,
}

/// A source of the items 0 to 3.
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
        assert!(self.fault != Fault::Poll || n != 2, "source panics");
        Poll::Ready((n < 4).then_some(n))
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        assert!(self.fault != Fault::Drop || std::thread::panicking(), "drop panics");
    }
}

/// Returns `n`, or panics for the third item.
fn refuse(n: u32) -> u32 {
    assert_ne!(n, 2, "function panics");
    n
}

/// A value whose drop panics for the third item, unless the thread is already panicking.
#[derive(Clone)]
struct DropPanics(u32);

impl Drop for DropPanics {
    fn drop(&mut self) {
        assert!(self.0 != 2 || std::thread::panicking(), "drop panics");
    }
}

/// A future, an iterator and a stream of one number, whose drop panics for the third item.
struct Once {
    _on_drop: DropPanics,
    n: Option<u32>,
}

fn once(n: u32) -> Once {
    Once { _on_drop: DropPanics(n), n: Some(n) }
}

impl Future for Once {
    type Output = u32;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        Poll::Ready(self.n.take().expect("polled once"))
    }
}

/// A future of an iterator of one number, whose drop panics for the third item.
struct OnceCall(Once);

impl Future for OnceCall {
    type Output = Option<u32>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<u32>> {
        Future::poll(Pin::new(&mut self.0), cx).map(Some)
    }
}

impl Iterator for Once {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.n.take()
    }
}

impl Stream for Once {
    type Item = u32;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<u32>> {
        Poll::Ready(self.n.take())
    }
}

/// Reads the stream and returns its line of marks. Calls `step` before each poll.
fn seen<S>(mut stream: S, mut step: impl FnMut()) -> String
where
    S: Stream<Item: Display> + Unpin,
{
    let mut line = String::new();
    for _ in 0..30 {
        step();
        match catch_unwind(AssertUnwindSafe(|| next(&mut stream))) {
            Ok(Poll::Ready(Some(item))) => {
                write!(line, "{item}").expect("writing to a string succeeds")
            }
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

fn marks<S: Stream<Item: Display> + Unpin>(stream: S) -> String {
    seen(stream, || ())
}

/// Returns a step that polls all tasks. A task that panics or completes is dropped.
fn steps<F: Future<Output = ()>>(tasks: Vec<F>) -> impl FnMut() {
    let mut tasks: Vec<_> = tasks.into_iter().map(|task| Some(Box::pin(task))).collect();
    move || {
        for slot in &mut tasks {
            let Some(task) = slot else { continue };
            let mut cx = Context::from_waker(Waker::noop());
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut cx)));
            if !matches!(polled, Ok(Poll::Pending)) {
                *slot = None;
            }
        }
    }
}

/// Appends the outcome of the task if it is a panic.
fn with_outcome(mut line: String, outcome: Option<TaskOutcome>) -> String {
    if outcome == Some(TaskOutcome::Panicked) {
        line.push_str(" Panicked");
    }
    line
}

/// Reads two forks one after the other, and appends the outcome of the second.
fn pair<S>(one: S, mut two: S, outcome: impl Fn(&S) -> Option<TaskOutcome>) -> String
where
    S: Stream<Item: Display> + Unpin,
{
    let one = marks(one);
    let line = format!("{one} and {}", seen(&mut two, || ()));
    let line = with_outcome(line, outcome(&two));
    if catch_unwind(AssertUnwindSafe(|| drop(two))).is_err() { line + "~" } else { line }
}

/// Returns the marks of an adapter whose source has a fault.
fn source_fault(adapter: &str, fault: Fault) -> String {
    let s = source(fault);
    let single = |n| stream::iter([n]);
    match adapter {
        "active" => {
            let (mut stream, drive) = s.active(identity).into_parts();
            let line = seen(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "active_bounded" => {
            let (mut stream, drive) = s.active_bounded(1, identity).into_parts();
            let line = seen(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "azip" => marks(azip((s,)).map(|(n,)| n)),
        "flatten_iter" => marks(s.map(Some).flatten_iter()),
        "forker" => {
            let one = s.forker();
            let two = one.fork();
            pair(one, two, |fork| fork.outcome())
        }
        "forker_bounded" => {
            let one = s.forker_bounded(9, LagPolicy::Wait);
            let two = one.fork();
            pair(one, two, |fork| fork.outcome())
        }
        "gated" => {
            let (gate, gated) = s.gated();
            gate.push(9).expect("the gate is open");
            gate.stop();
            marks(gated)
        }
        "join_streams" => marks(s.map(single).join_streams()),
        "map_filter" => marks(s.map_filter(Some)),
        "map_filter_async" => marks(s.map_filter_async(|n| ready(Some(n)))),
        "map_par" => marks(s.map_par(1, ready)),
        "map_par_with" => {
            let (stream, workers) = s.map_par_with(1, identity, ready).into_parts();
            seen(stream, steps(workers))
        }
        "map_try" => marks(s.map_try(Ok::<_, ()>).map(Result::unwrap)),
        "preload" => marks(s.preload(1)),
        "preload_with" => {
            let (mut stream, drive) = s.preload_with(1, identity).into_parts();
            let line = seen(&mut stream, steps(vec![drive]));
            with_outcome(line, stream.outcome())
        }
        "sharable" => marks(s.sharable()),
        "stoppable" => marks(s.stoppable().1),
        "try_join_streams" => {
            let streams = s.map(|n| stream::iter([Ok::<_, ()>(n)])).map(Ok);
            marks(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// Returns the marks of an adapter whose function, future or inner stream panics.
fn inner_fault(adapter: &str) -> String {
    let s = source(Fault::None);
    let inner = |n| Box::pin(stream::once(async move { refuse(n) }));
    match adapter {
        "flatten_iter" => marks(s.map(|n| core::iter::once_with(move || refuse(n))).flatten_iter()),
        "join_streams" => marks(s.map(inner).join_streams()),
        "map_filter" => marks(s.map_filter(|n| Some(refuse(n)))),
        "map_filter_async" => {
            marks(Box::pin(s.map_filter_async(|n| async move { Some(refuse(n)) })))
        }
        "map_par" => marks(Box::pin(s.map_par(1, |n| async move { refuse(n) }))),
        "map_par_with" => {
            let (stream, workers) =
                s.map_par_with(1, identity, |n| async move { refuse(n) }).into_parts();
            seen(stream, steps(workers))
        }
        "map_try" => marks(s.map_try(|n| Ok::<_, ()>(refuse(n))).map(Result::unwrap)),
        "try_join_streams" => {
            let streams = s.map(move |n| inner(n).map(Ok::<_, ()>)).map(Ok);
            marks(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// Returns the marks of an adapter if the drop of a finished future or inner stream panics.
fn inner_drop_fault(adapter: &str) -> String {
    let s = source(Fault::None);
    match adapter {
        "flatten_iter" => marks(s.map(once).flatten_iter()),
        "join_streams" => marks(s.map(once).join_streams()),
        "map_filter" => marks(s.map_filter(once)),
        "map_filter_async" => marks(s.map_filter_async(|n| OnceCall(once(n)))),
        "map_par" => marks(s.map_par(1, once)),
        "map_par_with" => {
            let (stream, workers) = s.map_par_with(1, identity, once).into_parts();
            seen(stream, steps(workers))
        }
        "try_join_streams" => {
            let streams = s.map(|n| StreamExt::map(once(n), Ok::<_, ()>)).map(Ok);
            marks(streams.try_join_streams(OnError::Emit).map(Result::unwrap))
        }
        _ => panic!("no case for {adapter}"),
    }
}

/// Returns `true` if the line of marks is what the words of a table cell promise.
fn matches_words(words: &str, line: &str) -> bool {
    // The single panic may be anywhere in the line.
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
        _ => panic!("unknown words: {words}"),
    }
}

/// Returns the rows of the table whose head begins with `head`: adapter names and two cells.
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

/// Checks the docs of `Pusher::push`. The test runs itself in a child process, which aborts.
#[test]
fn two_wakers_panic_in_one_push_aborts() {
    const CHILD: &str = "AITER_TWO_WAKERS_PANIC";
    let mut wakers = vec![on_wake(|| panic!("waker panics")); 2];
    if std::env::var_os(CHILD).is_none() {
        let program = std::env::current_exe().expect("the test has an executable");
        let mut child = std::process::Command::new(program);
        child.args(["--exact", "panics::two_wakers_panic_in_one_push_aborts", "--nocapture"]);
        let output = child.env(CHILD, "").output().expect("the child runs");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && stderr.contains("aborting"), "{stderr}");
        // If only one waker panics, the push panics and the other waiter is woken.
        let other = Counting::new();
        wakers[1] = other.waker().clone();
        let pushed = push_to_waiters(&wakers);
        assert_eq!((pushed.is_err(), other.wakes()), (true, 1));
        return;
    }
    let _ = push_to_waiters(&wakers);
    unreachable!("the push aborts");
}

/// Pushes an item to a list with one waiting cursor for each waker. All cursors get the item.
fn push_to_waiters(wakers: &[Waker]) -> std::thread::Result<()> {
    let (pusher, cursor) = push_list();
    let mut cursors: Vec<_> = wakers.iter().map(|_| cursor.fork()).collect();
    for (cursor, waker) in cursors.iter_mut().zip(wakers) {
        assert!(poll(cursor, waker).is_pending());
    }
    let pushed = catch_unwind(AssertUnwindSafe(|| pusher.push(1).expect("the list has cursors")));
    assert!(cursors.iter_mut().all(|cursor| next(cursor) == Poll::Ready(Some(1))));
    pushed
}

#[test]
fn panic_of_source_matches_table() {
    let mut named = vec![];
    for (adapters, [poll, drop]) in rows("| adapter | its source panics") {
        for adapter in adapters {
            for (words, fault) in [(poll, Fault::Poll), (drop, Fault::Drop)] {
                let line = source_fault(adapter, fault);
                assert!(matches_words(words, &line), "{adapter}: {line} does not match: {words}");
            }
            named.push(adapter);
        }
    }
    // A future, and variants of other methods, have no row.
    let is_exempt = |name: &str| name == "for_each_progress" || name.ends_with("_parts");
    let ext = include_str!("../../crates/aiter-adapters/src/ext.rs");
    let methods = ext.lines().filter_map(|line| line.strip_prefix("    fn "));
    let methods = methods.filter_map(|rest| rest.split(['(', '<']).next());
    for method in methods.filter(|name| !is_exempt(name)) {
        assert!(named.contains(&method), "{method} has no row");
    }
}

#[test]
fn panic_of_inner_matches_table() {
    let rows = rows("| adapter | its function, future or inner stream panics");
    assert_eq!(rows.iter().map(|(names, _)| names.len()).sum::<usize>(), 8);
    for (adapters, [poll, drop]) in rows {
        for adapter in adapters {
            let line = inner_fault(adapter);
            assert!(matches_words(poll, &line), "{adapter}: {line} does not match: {poll}");
            if drop != "-" {
                let line = inner_drop_fault(adapter);
                assert!(matches_words(drop, &line), "{adapter}: {line} does not match: {drop}");
            }
        }
    }
}
