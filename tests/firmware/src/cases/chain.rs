//! A chain of adapters from two levels of interrupts to three forks.

use core::future::poll_fn;
use core::pin::Pin;
use core::sync::atomic::{AtomicU32, Ordering::SeqCst};
use core::task::{Context, Poll, ready};

use aiter::{AiterExt, iter_to_aiter, push_list};
use aiter_firmware::board::{Pended, Timer};
use futures_core::Stream;

use crate::producers::{Item, Seen, handlers, period};

/// Number of items that each of the two levels pushes.
const COUNT: u32 = 1000;

/// Runs the chain and checks the items of all forks.
///
/// ```text
/// lower interrupt ─┐
/// timer's ─────────┴─ list ─┐                        ┌─ active fork
/// timer's ─────────── list ─┴─ join_streams ─ gated ─┼─ active fork
///                                              ▲     └─ passive fork
/// timer's ─────────────────────────────────────┘
/// ```
pub async fn run() {
    static PERMITTED: AtomicU32 = AtomicU32::new(0);
    PERMITTED.store(0, SeqCst);
    let (pusher, items) = push_list();
    pusher.reserve(24);
    let (ticks, tick_items) = push_list();
    ticks.reserve(16);

    let (gate, gated) = iter_to_aiter([items, tick_items]).join_streams().gated();
    let mut one = gated.forker();
    let mut two = one.fork();
    let mut passive = two.fork_passive();

    let (mut high, low) = handlers(pusher, COUNT);
    let _pended = Pended::answer(low);
    let mut tick = 0;
    let _timer = Timer::start(period, move || {
        high();
        // The second list gets `COUNT` items as well.
        if tick < COUNT {
            tick += u32::from(ticks.try_push(Item::tick(tick)).is_ok());
        } else {
            ticks.stop();
        }
        // The gate opens after the pushes. For some ticks it permits fewer items than were pushed.
        let permits = if tick & 64 == 0 { 2 } else { 6 };
        PERMITTED.store(PERMITTED.load(SeqCst) + permits, SeqCst);
        // The push fails once the stream has ended.
        let _ = gate.push(permits.into());
    });

    let mut seen = [Seen::default(), Seen::default(), Seen::default()];
    poll_fn(|cx| {
        // Reads a few items of each fork in turn, because an item stays until all forks read it.
        loop {
            let read = [
                read_some(&mut one, &mut seen[0], cx),
                read_some(&mut two, &mut seen[1], cx),
                read_some(&mut passive, &mut seen[2], cx),
            ];
            assert!(
                seen[0].len() <= PERMITTED.load(SeqCst),
                "a fork read more items than were permitted"
            );
            if read == [Poll::Ready(None); 3] {
                return Poll::Ready(());
            }
            if !read.contains(&Poll::Ready(Some(()))) {
                return Poll::Pending;
            }
        }
    })
    .await;
    assert!(seen[0] == seen[1] && seen[1] == seen[2], "{seen:?}");
    seen[0].check(COUNT);
    assert_eq!(seen[0].len(), 3 * COUNT);
}

/// Reads up to four items. Returns `Ready(Some(()))` if more may be ready.
fn read_some(
    stream: &mut (impl Stream<Item = Item> + Unpin),
    seen: &mut Seen,
    cx: &mut Context<'_>,
) -> Poll<Option<()>> {
    for _ in 0..4 {
        match ready!(Pin::new(&mut *stream).poll_next(cx)) {
            Some(item) => seen.item(&item),
            None => return Poll::Ready(None),
        }
    }
    Poll::Ready(Some(()))
}
