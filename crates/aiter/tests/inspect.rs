//! The numbers of a registry against a model, its texts, and its behaviour inside of user code.
#![allow(
    clippy::std_instead_of_alloc,
    clippy::std_instead_of_core,
    reason = "a program with std uses `std` paths throughout"
)]

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use aiter::inspect::{Node, Registry, Snapshot};
use aiter::prelude::*;
use aiter::{LossyPolicy, bounded_lossy};

/// Polls a future once, with a waker that does nothing.
fn poll_once<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// The fields of the row of a list that a test compares.
fn list(snapshot: &Snapshot, name: &str) -> (u64, u64, usize, usize) {
    let row = snapshot.list(name).expect("the list has a row");
    (row.pushed, row.refused, row.pushers, row.cursors)
}

/// The items taken and the lag.
fn stream(snapshot: &Snapshot, name: &str) -> (u64, Option<usize>) {
    let row = snapshot.stream(name).expect("the stream has a row");
    (row.taken, row.lag)
}

#[test]
fn numbers_follow_pushes_and_reads() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let mut first = registry.cursor("first", cursor.fork());
    let pusher = registry.list("items", pusher);
    let mut second = registry.cursor("second", cursor);
    // Against a model, with steps of different sizes.
    let (mut pushed, mut read) = (0_u64, [0_u64; 2]);
    for step in 0..200_u64 {
        for _ in 0..step * 7 % 5 {
            pusher.push(pushed).expect("the list has cursors");
            pushed += 1;
        }
        for (at, (cursor, most)) in
            [(&mut first, step % 4), (&mut second, step % 3)].into_iter().enumerate()
        {
            for _ in 0..most {
                if let Ok(item) = cursor.try_next() {
                    assert_eq!(item, read[at]);
                    read[at] += 1;
                }
            }
        }
        let snapshot = registry.snapshot();
        assert_eq!(list(&snapshot, "items"), (pushed, 0, 1, 2));
        for (name, read) in [("first", read[0]), ("second", read[1])] {
            assert_eq!(stream(&snapshot, name), (read, Some((pushed - read) as usize)), "{step}");
        }
    }
    assert!(read[0] > read[1] && pushed > 300);
}

#[test]
fn late_fork_has_lag_of_its_own() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let pusher = registry.list("items", pusher);
    pusher.push_all(0..10).expect("the list has a cursor");
    let mut cursor = registry.cursor("old", cursor);
    for _ in 0..4 {
        cursor.try_next().expect("an item is ready");
    }
    let fork = registry.cursor("fork", cursor.get_ref().fork());
    let late = registry.cursor("late", pusher.subscribe());
    pusher.push_all(10..13).expect("the list has cursors");
    let snapshot = registry.snapshot();
    assert_eq!(stream(&snapshot, "old"), (4, Some(9)));
    assert_eq!(stream(&snapshot, "fork"), (0, Some(9)));
    assert_eq!(stream(&snapshot, "late"), (0, Some(3)));
    drop((fork, late));
}

#[test]
fn takers_are_one_row() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let pusher = registry.list("jobs", pusher);
    let mut one = registry.cursor("workers", cursor.share());
    let mut two = one.clone();
    pusher.push_all(0..5).expect("the list has a cursor");
    assert_eq!((one.try_next(), two.try_next(), two.try_next()), (Ok(0), Ok(1), Ok(2)));
    let snapshot = registry.snapshot();
    assert_eq!(stream(&snapshot, "workers"), (3, Some(2)));
    assert_eq!(snapshot.stream("workers").map(|row| row.live), Some(2));
    assert_eq!(list(&snapshot, "jobs"), (5, 0, 1, 1));
    // The registry keeps no taker alive.
    drop((one, two));
    assert_eq!(registry.snapshot().list("jobs").map(|row| row.cursors), Some(0));
    assert!(pusher.push(6).is_err());
}

#[test]
fn waits_and_ends_are_counted() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list::<u32>());
    let mut one = registry.cursor("readers", cursor.fork());
    let mut two = registry.cursor("readers", cursor);
    let state = || {
        let snapshot = registry.snapshot();
        let row = snapshot.stream("readers").expect("the row is there");
        (row.live, row.waiting, row.ended, row.polls)
    };
    assert_eq!(state(), (2, 0, 0, 0));
    let waker = Waker::noop();
    let cx = &mut Context::from_waker(waker);
    assert!(Pin::new(&mut one).poll_next(cx).is_pending());
    assert!(Pin::new(&mut two).poll_next(cx).is_pending());
    assert_eq!(state(), (2, 2, 0, 2));
    pusher.push(1).expect("the list has cursors");
    assert_eq!(Pin::new(&mut one).poll_next(cx), Poll::Ready(Some(1)));
    assert_eq!(state(), (2, 1, 0, 3));
    pusher.stop();
    assert_eq!(Pin::new(&mut one).poll_next(cx), Poll::Ready(None));
    assert_eq!(Pin::new(&mut one).poll_next(cx), Poll::Ready(None));
    assert_eq!(state(), (2, 1, 1, 4));
    drop(two);
    assert_eq!(state(), (1, 0, 1, 4));
    drop(one);
    assert_eq!(state(), (0, 0, 0, 4));
}

#[test]
fn dropped_next_waits_no_longer() {
    let (registry, (_pusher, cursor)) = (Registry::new(), push_list::<u32>());
    let mut cursor = registry.cursor("reader", cursor);
    let waiting = || registry.snapshot().stream("reader").map(|row| row.waiting);
    let woken = Arc::new(Noop);
    {
        let mut next = pin!(cursor.next());
        let waker = Waker::from(woken.clone());
        assert!(next.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        assert_eq!(waiting(), Some(1));
    }
    assert_eq!(waiting(), Some(0));
    assert_eq!(Arc::strong_count(&woken), 1, "the list keeps no waker");
}

/// A waker that does nothing, and whose clones are counted.
struct Noop;

impl Wake for Noop {
    fn wake(self: Arc<Self>) {}
}

#[test]
fn bounded_list_shows_places_and_waiters() {
    let (registry, (pusher, cursor)) = (Registry::new(), bounded(2));
    let pusher = registry.list("jobs", pusher);
    let mut cursor = registry.cursor("worker", cursor);
    pusher.try_push(1).expect("the list has room");
    pusher.try_push(2).expect("the list has room");
    assert!(pusher.try_push(3).is_err());
    let mut third = Box::pin(pusher.push(3));
    let mut fourth = Box::pin(pusher.push(4));
    let cx = &mut Context::from_waker(Waker::noop());
    assert!(third.as_mut().poll(cx).is_pending() && fourth.as_mut().poll(cx).is_pending());
    let places = || {
        let snapshot = registry.snapshot();
        let row = snapshot.list("jobs").expect("the row is there");
        (row.used, row.capacity, row.waiting, row.refused)
    };
    assert_eq!(places(), (Some(2), Some(2), 2, 1));
    drop(fourth);
    assert_eq!(places(), (Some(2), Some(2), 1, 1));
    assert_eq!(cursor.try_next(), Ok(1));
    // The third push was granted its place.
    assert_eq!(places(), (Some(2), Some(2), 0, 1));
    pusher.stop();
    assert!(matches!(poll_once(pusher.push(5)), Poll::Ready(Err(_))));
    assert_eq!(places().3, 2);
    assert_eq!(registry.snapshot().list("jobs").map(|row| row.stopped), Some(1));
    drop(third);
}

#[test]
fn lossy_list_shows_missed_items() {
    let (registry, (pusher, cursor)) = (Registry::new(), bounded_lossy(4, LossyPolicy::DropOldest));
    let pusher = registry.list("frames", pusher);
    let mut cursor = registry.cursor("view", cursor);
    for n in 0..10 {
        pusher.push(n).expect("a push never waits");
    }
    assert_eq!(registry.snapshot().stream("view").map(|row| row.missed), Some(0));
    assert_eq!(cursor.try_next(), Ok(6));
    let snapshot = registry.snapshot();
    let row = snapshot.stream("view").expect("the row is there");
    assert_eq!((row.taken, row.missed, row.lag), (1, 6, Some(3)));
    assert_eq!(snapshot.list("frames").map(|row| row.capacity), Some(Some(4)));
}

#[test]
fn weighed_list_shows_weights() {
    let (registry, (pusher, cursor)) =
        (Registry::new(), aiter::adapters::bounded_by(10, |text: &&str| text.len()));
    let pusher = registry.list("pages", pusher);
    let mut cursor = registry.cursor("reader", cursor);
    pusher.try_push("abc").expect("the list has room");
    pusher.try_push("defg").expect("the list has room");
    assert!(pusher.try_push("hijk").is_err());
    let snapshot = registry.snapshot();
    let row = snapshot.list("pages").expect("the row is there");
    assert_eq!((row.pushed, row.refused, row.used, row.capacity), (2, 1, Some(7), Some(10)));
    assert_eq!(cursor.try_next(), Ok("abc"));
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.list("pages").map(|row| row.used), Some(Some(4)));
    assert_eq!(stream(&snapshot, "reader"), (1, Some(1)));
}

#[test]
fn refusals_of_dropped_list_are_counted() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let pusher = registry.list("items", pusher);
    pusher.push(1).expect("the list has a cursor");
    drop(cursor);
    assert!(pusher.push(2).is_err() && pusher.clone().try_push(3).is_err());
    assert!(pusher.push_all([4, 5]).is_err());
    assert_eq!(list(&registry.snapshot(), "items"), (1, 3, 1, 0));
}

#[test]
fn row_lives_until_last_handle_is_dropped() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let pusher = registry.list("items", pusher);
    let mut cursor = registry.cursor("reader", cursor);
    pusher.push_all(0..3).expect("the list has a cursor");
    drop(pusher);
    // What is unread is seen after the last pusher is gone.
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.list("items").map(|row| (row.live, row.stopped)), Some((1, 1)));
    assert_eq!(stream(&snapshot, "reader"), (0, Some(3)));
    while cursor.try_next().is_ok() {}
    drop(cursor);
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.to_string(), "");
    // Totals stay, for counters that never decrease.
    assert_eq!(snapshot.list("items").map(|row| (row.live, row.pushed)), Some((0, 3)));
    assert_eq!(snapshot.stream("reader").map(|row| (row.live, row.taken)), Some((0, 3)));
}

#[test]
fn lists_of_one_name_add_up() {
    let registry = Registry::new();
    let lists: Vec<_> = (1..=3)
        .map(|n| {
            let (pusher, cursor) = push_list();
            let pusher = registry.list("outbox", pusher);
            let cursor = registry.cursor("writer", cursor);
            pusher.push_all(0..n).expect("the list has a cursor");
            (pusher, cursor)
        })
        .collect();
    let snapshot = registry.snapshot();
    assert_eq!(list(&snapshot, "outbox"), (6, 0, 3, 3));
    // The lag is that of the slowest cursor.
    assert_eq!(stream(&snapshot, "writer"), (0, Some(3)));
    drop(lists);
    let (pusher, _cursor) = push_list();
    let pusher = registry.list("outbox", pusher);
    pusher.push(1).expect("the list has a cursor");
    assert_eq!(list(&registry.snapshot(), "outbox"), (7, 0, 1, 1));
}

#[test]
fn address_of_dropped_list_is_not_mistaken() {
    let registry = Registry::new();
    // The allocator often returns the address that was freed last.
    for n in 0..100 {
        let (pusher, cursor) = push_list::<u32>();
        let pusher = (n % 3 == 0).then(|| registry.list(format!("list {n}"), pusher.clone()));
        let cursor = registry.cursor(format!("cursor {n}"), cursor);
        let snapshot = registry.snapshot();
        let row = snapshot.stream(&format!("cursor {n}")).expect("the row is there");
        assert_eq!(row.lists.len(), usize::from(pusher.is_some()));
        assert_eq!(row.lag.is_some(), pusher.is_some());
        drop((pusher, cursor));
    }
}

#[test]
fn age_is_at_least_that_of_oldest_item() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let pusher = registry.list("items", pusher);
    let mut cursor = registry.cursor("reader", cursor);
    let ages = || {
        let snapshot = registry.snapshot();
        (
            snapshot.list("items").and_then(|row| row.oldest),
            snapshot.stream("reader").and_then(|row| row.oldest),
        )
    };
    assert_eq!(ages(), (None, None));
    let pause = Duration::from_millis(30);
    pusher.push(1).expect("the list has a cursor");
    thread::sleep(pause);
    pusher.push(2).expect("the list has a cursor");
    let (list, reader) = ages();
    assert!(list.is_some_and(|age| age >= pause) && reader.is_some_and(|age| age >= pause));
    cursor.try_next().expect("an item is ready");
    thread::sleep(pause);
    let second = ages().1.expect("an item is unread");
    // The second item was pushed before the second pause began.
    assert!(second >= pause && second < ages().1.expect("an item is unread") + pause);
    cursor.try_next().expect("an item is ready");
    assert_eq!(ages(), (None, None));
}

#[test]
fn nested_polls_become_edges() {
    let (registry, (pusher, cursor)) = (Registry::new(), push_list());
    let numbers = registry.stream("numbers", iter_to_aiter(0..6));
    // A push in a poll of `doubled` makes `doubled` a source of the list.
    let results = registry.list("results", pusher);
    let doubled = registry.stream(
        "doubled",
        numbers.map(move |n| {
            results.push(2 * n).expect("the list has a cursor");
            2 * n
        }),
    );
    let mut doubled = doubled;
    let cursor = registry.cursor("sum", cursor);
    let mut sum = registry.stream("rows", cursor.map(|n| n + 1));
    registry.connect("rows", "numbers");
    assert_eq!(poll_once(doubled.next()), Poll::Ready(Some(0)));
    assert_eq!(poll_once(sum.next()), Poll::Ready(Some(1)));
    let edges: Vec<_> = registry
        .snapshot()
        .edges
        .into_iter()
        .map(|edge| {
            let name = |node| match node {
                Node::List(name) => format!("[{name}]"),
                Node::Stream(name) => name.to_string(),
            };
            (name(edge.from), name(edge.to), edge.is_declared)
        })
        .collect();
    let expected = [
        ("[results]", "sum", false),
        ("numbers", "doubled", false),
        ("sum", "rows", false),
        ("doubled", "[results]", false),
        ("rows", "numbers", true),
    ];
    let expected = expected.map(|(from, to, is_declared)| (from.into(), to.into(), is_declared));
    assert_eq!(edges, expected);
}

#[test]
fn panic_in_poll_leaves_no_outer_row() {
    let registry = Registry::new();
    let mut broken =
        registry.stream("broken", iter_to_aiter([1]).map(|n: i32| -> i32 { panic!("{n}") }));
    let panicked =
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| poll_once(broken.next())));
    assert!(panicked.is_err());
    let mut alone = registry.stream("alone", iter_to_aiter([2]));
    assert_eq!(poll_once(alone.next()), Poll::Ready(Some(2)));
    assert_eq!(registry.snapshot().edges, []);
}

/// A program with a fixed course.
fn fixed() -> (Registry, impl Sized) {
    let (registry, (pusher, cursor)) = (Registry::new(), bounded(8));
    let chunks = registry.list("chunks", pusher);
    let mut words = registry.cursor("words", cursor.fork());
    let slow = registry.cursor("slow \"reader\"\n<b>", cursor);
    let (pusher, cursor) = push_list::<u32>();
    let rows = registry.list("rows", pusher);
    let report = registry.stream("report", registry.cursor("all rows", cursor).map(|n| n));
    registry.connect("words", "rows");
    for n in 0..7_u32 {
        chunks.try_push(n).expect("the list has room");
    }
    for n in 0..5 {
        assert_eq!(words.try_next(), Ok(n));
        rows.push(n).expect("the list has a cursor");
    }
    let mut report = report;
    for _ in 0..2 {
        assert!(poll_once(report.next()).is_ready());
    }
    rows.stop();
    assert!(rows.push(9).is_err());
    (registry, (chunks, words, slow, rows, report))
}

#[test]
fn table_is_aligned() {
    let (registry, _handles) = fixed();
    let mut snapshot = registry.snapshot();
    for row in &mut snapshot.lists {
        row.oldest = row.oldest.map(|_| Duration::from_millis(1250));
    }
    for row in &mut snapshot.streams {
        row.oldest = row.oldest.map(|_| Duration::from_millis(250));
        row.idle = row.idle.map(|_| Duration::from_secs(123));
    }
    assert_eq!(
        snapshot.to_string(),
        "\
list    pushed  refused  retained  used  pushers  cursors  waiting  oldest  state
chunks       7        0         7   7/8        1        2        0    1.2s  open
rows         5        1         5     -        1        1        0    1.2s  stopped

stream             taken  missed  polls  lag  depth  waiting  oldest  idle  list
words                  5       0      0    2      2      0/1   250ms  123s  chunks
slow \"reader\" <b>      0       0      0    7      0      0/1   250ms     -  chunks
all rows               2       0      2    3      3      0/1   250ms  123s  rows
report                 2       0      2    -      3      0/1       -  123s  -
"
    );
}

#[test]
fn mermaid_graph_escapes_names() {
    let (registry, _handles) = fixed();
    assert_eq!(
        registry.snapshot().mermaid(),
        r#"flowchart LR
    l0[("chunks<br>7 pushed<br>7 of 8 used")]
    l1[("rows<br>5 pushed<br>1 refused")]
    s0["words<br>5 taken<br>lag 2"]
    s1["slow #quot;reader#quot; #lt;b#gt;<br>0 taken<br>lag 7"]
    s2["all rows<br>2 taken<br>lag 3"]
    s3["report<br>2 taken<br>depth 3"]
    l0 --> s0
    l0 --> s1
    l1 --> s2
    s2 --> s3
    s0 -.-> l1
"#
    );
}

/// A registry that user code asks, and how often it did.
#[derive(Default)]
struct Asker {
    registry: Registry,
    asked: AtomicUsize,
}

impl Asker {
    fn ask(&self) {
        let _ = self.registry.snapshot().to_string();
        self.asked.fetch_add(1, Ordering::Relaxed);
    }
}

impl Wake for Asker {
    fn wake(self: Arc<Self>) {
        self.ask();
    }
}

/// An item that asks the registry when it is cloned and when it is dropped.
struct Item(Arc<Asker>);

impl Clone for Item {
    fn clone(&self) -> Self {
        self.0.ask();
        Self(self.0.clone())
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.0.ask();
    }
}

#[test]
fn snapshot_in_wake_clone_and_drop_returns() {
    let asker = Arc::new(Asker::default());
    let asked = || asker.asked.load(Ordering::Relaxed);
    let (pusher, cursor) = bounded(2);
    let pusher = asker.registry.list("items", pusher);
    let mut fork = asker.registry.cursor("fork", cursor.fork());
    let mut taker = asker.registry.cursor("taker", cursor.share());
    let waker = Waker::from(asker.clone());
    let cx = &mut Context::from_waker(&waker);
    assert!(Pin::new(&mut fork).poll_next(cx).is_pending());
    assert!(Pin::new(&mut taker).poll_next(cx).is_pending());
    assert!(pusher.try_push(Item(asker.clone())).is_ok());
    assert_eq!(asked(), 2, "both readers were woken");
    let taken = (fork.try_next().is_ok(), taker.try_next().is_ok());
    assert_eq!(taken, (true, true));
    let after_reads = asked();
    assert!(after_reads > 2, "an item was cloned or dropped");
    assert!(pusher.try_push(Item(asker.clone())).is_ok());
    assert!(pusher.try_push(Item(asker.clone())).is_ok());
    let mut waits = Box::pin(pusher.push(Item(asker.clone())));
    assert!(waits.as_mut().poll(cx).is_pending());
    drop((fork, taker));
    assert!(matches!(waits.as_mut().poll(cx), Poll::Ready(Err(_))));
    drop(waits);
    drop(pusher);
    assert!(asked() > after_reads);
}

#[test]
fn items_of_dropped_list_may_ask() {
    let asker = Arc::new(Asker::default());
    let (pusher, cursor) = push_list();
    let pusher = asker.registry.list("items", pusher);
    let cursor = asker.registry.cursor("reader", cursor);
    for _ in 0..100 {
        assert!(pusher.push(Item(asker.clone())).is_ok());
    }
    drop(pusher);
    drop(cursor);
    assert_eq!(asker.asked.load(Ordering::Relaxed), 100);
    assert_eq!(asker.registry.snapshot().list("items").map(|row| row.live), Some(0));
}

#[test]
fn snapshot_may_drop_last_handle_of_list() {
    const LISTS: usize = if cfg!(miri) { 5 } else { 500 };
    let asker = Arc::new(Asker::default());
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        // Its snapshots hold handles while the other thread drops its own.
        scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                asker.ask();
            }
        });
        for _ in 0..LISTS {
            let (pusher, cursor) = push_list();
            let pusher = asker.registry.list("items", pusher);
            let taker = asker.registry.cursor("takers", cursor.share());
            for _ in 0..3 {
                assert!(pusher.push(Item(asker.clone())).is_ok());
            }
            drop((pusher, taker));
        }
        is_done.store(true, Ordering::Release);
    });
    let snapshot = asker.registry.snapshot();
    let row = snapshot.list("items").expect("the row is there");
    assert_eq!((row.live, row.pushed), (0, 3 * LISTS as u64));
    assert_eq!(snapshot.stream("takers").map(|row| (row.live, row.taken)), Some((0, 0)));
    assert_eq!(Arc::strong_count(&asker), 1, "no item is left");
}

#[test]
fn snapshots_beside_threads_hold_their_promises() {
    const ITEMS: u64 = if cfg!(miri) { 50 } else { 20_000 };
    static REGISTRY: OnceLock<Registry> = OnceLock::new();
    let registry = REGISTRY.get_or_init(Registry::new);
    let is_done = AtomicBool::new(false);
    let (pusher, cursor) = push_list();
    let pusher = registry.list("items", pusher);
    thread::scope(|scope| {
        let mut readers = Vec::new();
        for name in ["one", "two"] {
            let mut cursor = registry.cursor(name, cursor.fork());
            readers.push(scope.spawn(move || {
                let mut sum = 0;
                while let Some(item) = aiter::BlockOn::new().block_on(cursor.next()) {
                    sum += item;
                }
                sum
            }));
        }
        drop(cursor);
        let watcher = scope.spawn(|| {
            let mut before = registry.snapshot();
            let mut snapshots = 0;
            while !is_done.load(Ordering::Acquire) {
                let now = registry.snapshot();
                let pushed = list(&now, "items").0;
                assert!(pushed >= list(&before, "items").0);
                for name in ["one", "two"] {
                    let (taken, lag) = stream(&now, name);
                    assert!(taken <= pushed && taken >= stream(&before, name).0);
                    assert!(lag.is_none_or(|lag| lag as u64 <= ITEMS), "{lag:?}");
                }
                before = now;
                snapshots += 1;
            }
            snapshots
        });
        for n in 0..ITEMS {
            pusher.push(n).expect("the list has cursors");
        }
        drop(pusher);
        for reader in readers {
            assert_eq!(reader.join().expect("the reader does not panic"), ITEMS * (ITEMS - 1) / 2);
        }
        is_done.store(true, Ordering::Release);
        assert!(watcher.join().expect("the watcher does not panic") > 0);
    });
    let snapshot = registry.snapshot();
    assert_eq!(snapshot.list("items").map(|row| (row.live, row.pushed)), Some((0, ITEMS)));
    assert_eq!(snapshot.stream("one").map(|row| (row.live, row.taken)), Some((0, ITEMS)));
}

#[cfg(feature = "metrics")]
#[test]
fn metrics_are_recorded_by_name() {
    use metrics::{
        Counter, CounterFn, Gauge, GaugeFn, Histogram, Key, KeyName, Metadata, Recorder,
        SharedString, Unit,
    };
    use std::collections::BTreeMap;
    use std::sync::Mutex;

    /// The values by metric and label.
    #[derive(Clone, Default)]
    struct Values(Arc<Mutex<BTreeMap<String, f64>>>);

    /// One metric of the values.
    struct Metric(Values, String);

    impl Metric {
        fn set(&self, value: f64) {
            let mut values = self.0.0.lock().expect("no test panics here");
            values.insert(self.1.clone(), value);
        }
    }

    impl CounterFn for Metric {
        fn increment(&self, _: u64) {
            unreachable!("counters are set to absolute values");
        }
        fn absolute(&self, value: u64) {
            self.set(value as f64);
        }
    }

    impl GaugeFn for Metric {
        fn increment(&self, _: f64) {
            unreachable!("gauges are set");
        }
        fn decrement(&self, _: f64) {
            unreachable!("gauges are set");
        }
        fn set(&self, value: f64) {
            self.set(value);
        }
    }

    impl Values {
        fn metric(&self, key: &Key) -> Arc<Metric> {
            let labels: Vec<_> = key.labels().map(|label| label.value()).collect();
            Arc::new(Metric(self.clone(), format!("{} {}", key.name(), labels.join(","))))
        }
    }

    impl Recorder for Values {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            Counter::from_arc(self.metric(key))
        }
        fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::from_arc(self.metric(key))
        }
        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            unreachable!("no histogram is recorded")
        }
    }

    let recorder = Values::default();
    let recorded = || recorder.0.lock().expect("no test panics here").clone();
    let (registry, handles) = fixed();
    metrics::with_local_recorder(&recorder, || registry.snapshot().record_metrics());
    let first = recorded();
    for (key, value) in [
        ("aiter_list_pushed_total chunks", 7.),
        ("aiter_list_refused_total rows", 1.),
        ("aiter_list_used chunks", 7.),
        ("aiter_list_capacity chunks", 8.),
        ("aiter_list_cursors chunks", 2.),
        ("aiter_stream_taken_total words", 5.),
        ("aiter_stream_lag words", 2.),
        ("aiter_stream_polls_total report", 2.),
        ("aiter_stream_live report", 1.),
    ] {
        assert_eq!(first.get(key), Some(&value), "{key}");
    }
    assert!(!first.contains_key("aiter_list_used rows"));
    assert!(!first.contains_key("aiter_stream_lag report"));
    assert_eq!(first.len(), 2 * 8 + 2 + 4 * 8 + 3);
    // Gauges return to zero.
    drop(handles);
    metrics::with_local_recorder(&recorder, || registry.snapshot().record_metrics());
    let second = recorded();
    assert_eq!(second.get("aiter_list_live chunks"), Some(&0.));
    assert_eq!(second.get("aiter_stream_live words"), Some(&0.));
}

#[cfg(feature = "tracing")]
#[test]
fn events_have_the_fields_of_rows() {
    use std::sync::Mutex;
    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    /// Keeps each event as text.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<String>>>);

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
            if !field.name().ends_with("_ms") {
                self.0 += &format!(" {}={value:?}", field.name());
            }
        }
    }

    impl Subscriber for Log {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target() == "aiter::inspect"
        }
        fn new_span(&self, _: &Attributes<'_>) -> Id {
            Id::from_u64(1)
        }
        fn record(&self, _: &Id, _: &Record<'_>) {}
        fn record_follows_from(&self, _: &Id, _: &Id) {}
        fn event(&self, event: &Event<'_>) {
            let mut text = Text(event.metadata().level().to_string());
            event.record(&mut text);
            self.0.lock().expect("no test panics here").push(text.0);
        }
        fn enter(&self, _: &Id) {}
        fn exit(&self, _: &Id) {}
    }

    let (registry, _handles) = fixed();
    let log = Log::default();
    tracing::subscriber::with_default(log.clone(), || registry.snapshot().emit_events());
    let events = log.0.lock().expect("no test panics here").clone();
    assert_eq!(
        events[..3],
        [
            "INFO message=list name=\"chunks\" live=1 pushed=7 refused=0 retained=7 used=7 \
             capacity=8 pushers=1 cursors=2 waiting=0 stopped=0",
            "INFO message=list name=\"rows\" live=1 pushed=5 refused=1 retained=5 pushers=1 \
             cursors=1 waiting=0 stopped=1",
            "INFO message=stream name=\"words\" live=1 polls=0 taken=5 missed=0 lag=2 depth=2 \
             waiting=0 ended=0",
        ]
    );
    assert_eq!(events.len(), 6);
}
