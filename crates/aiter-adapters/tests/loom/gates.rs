//! Stories of a stream and its handles: the gates of `gated` and the stoppers of `stoppable`.

use core::{
    pin::{Pin, pin},
    task::{Context, Poll},
};

use aiter_adapters::AiterExt;
use futures_core::Stream;
use loom::{
    future::block_on,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use super::{model, next, poll_once, read_all, wide_model};

/// Is always ready. The item is a relaxed load of `written`, so the source itself orders nothing.
struct Endless {
    written: Arc<AtomicUsize>,
}

impl Stream for Endless {
    type Item = usize;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        Poll::Ready(Some(self.written.load(Ordering::Relaxed)))
    }
}

fn endless() -> (Arc<AtomicUsize>, Endless) {
    let written = Arc::new(AtomicUsize::new(0));
    (written.clone(), Endless { written })
}

/// Stays pending, and registers no waker.
struct Silent;

impl Stream for Silent {
    type Item = usize;

    fn poll_next(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<usize>> {
        Poll::Pending
    }
}

/// Two gates push and are dropped, so no gate is left.
#[test]
fn gate_pushes_and_drops_wake_stream() {
    wide_model(|| {
        let (_, source) = endless();
        let (gate, gated) = source.gated();
        let others = [1, 2].map(|permits| {
            let gate = gate.clone();
            thread::spawn(move || gate.push(permits).unwrap())
        });
        drop(gate);
        assert_eq!(read_all(pin!(gated)).len(), 3);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// One of two gates pushes, and both are dropped. The last drop ends the stream.
#[test]
fn last_gate_drop_ends_waiting_stream() {
    model(|| {
        let (_, source) = endless();
        let (gate, gated) = source.gated();
        let other = gate.clone();
        let pushes = thread::spawn(move || gate.push(1).unwrap());
        let dropper = thread::spawn(move || drop(other));
        assert_eq!(read_all(pin!(gated)).len(), 1);
        pushes.join().unwrap();
        dropper.join().unwrap();
    });
}

/// A gate stays alive, so only a push can wake the stream.
#[test]
fn two_gate_pushes_wake_waiting_stream() {
    wide_model(|| {
        let (_, source) = endless();
        let (gate, gated) = source.gated();
        let others =
            [gate.clone(), gate.clone()].map(|gate| thread::spawn(move || gate.push(1).unwrap()));
        block_on(async {
            let mut gated = pin!(gated);
            for _ in 0..2 {
                assert!(next(&mut gated).await.is_some());
            }
            assert!(poll_once(gated).is_pending());
        });
        others.into_iter().for_each(|other| other.join().unwrap());
        drop(gate);
    });
}

/// The stream yields exactly the items whose pushes returned `Ok`, also during a stop.
#[test]
fn gate_push_during_stop_reports_exact_count() {
    model(|| {
        let (_, source) = endless();
        let (gate, gated) = source.gated();
        let stopper = {
            let gate = gate.clone();
            thread::spawn(move || gate.stop())
        };
        let pusher = thread::spawn(move || {
            let taken = [2, 1].map(|permits| match gate.push(permits) {
                Ok(()) => permits,
                Err(error) => {
                    assert_eq!(error.into_inner(), permits);
                    0
                }
            });
            taken[0] + taken[1]
        });
        let items = read_all(pin!(gated)).len() as u64;
        stopper.join().unwrap();
        assert_eq!(pusher.join().unwrap(), items);
    });
}

#[test]
fn source_sees_writes_before_gate_push() {
    model(|| {
        let (written, source) = endless();
        let (gate, gated) = source.gated();
        let other = thread::spawn(move || {
            written.store(7, Ordering::Relaxed);
            gate.push(1).unwrap();
        });
        let mut gated = pin!(gated);
        // Polls once: waiting would synchronize by itself.
        if let Poll::Ready(Some(item)) = poll_once(gated.as_mut()) {
            assert_eq!(item, 7);
        }
        other.join().unwrap();
    });
}

#[test]
fn gated_end_sees_writes_before_stop() {
    model(|| {
        let (written, source) = endless();
        let (gate, gated) = source.gated();
        let done = written.clone();
        let other = thread::spawn(move || {
            done.store(7, Ordering::Relaxed);
            gate.stop();
        });
        let mut gated = pin!(gated);
        // Polls once: waiting would synchronize by itself.
        if poll_once(gated.as_mut()) == Poll::Ready(None) {
            assert_eq!(written.load(Ordering::Relaxed), 7);
        }
        other.join().unwrap();
    });
}

/// A push after the stream's drop is refused. The stream's drop does not call the waker.
#[test]
fn stream_drop_during_gate_push_closes_gate() {
    model(|| {
        let (_, source) = endless();
        let (gate, gated) = source.gated();
        let mut gated = Box::pin(gated);
        assert!(poll_once(gated.as_mut()).is_pending());
        let other = thread::spawn(move || {
            let _ = gate.push(1);
            gate
        });
        drop(gated);
        let gate = other.join().unwrap();
        assert_eq!(gate.push(2).unwrap_err().into_inner(), 2);
    });
}

#[test]
fn stop_wakes_waiting_stream() {
    model(|| {
        let (stopper, stoppable) = Silent.stoppable();
        let other = thread::spawn(move || stopper.stop());
        assert!(read_all(pin!(stoppable)).is_empty());
        other.join().unwrap();
    });
}

#[test]
fn two_stops_wake_waiting_stream() {
    model(|| {
        let (stopper, stoppable) = Silent.stoppable();
        let others = [stopper.clone(), stopper].map(|it| thread::spawn(move || it.stop()));
        assert!(read_all(pin!(stoppable)).is_empty());
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

#[test]
fn stoppable_end_sees_writes_before_stop() {
    model(|| {
        let (written, source) = endless();
        let (stopper, stoppable) = source.stoppable();
        let other = {
            let written = written.clone();
            thread::spawn(move || {
                written.store(7, Ordering::Relaxed);
                stopper.stop();
            })
        };
        let mut stoppable = pin!(stoppable);
        if poll_once(stoppable.as_mut()) == Poll::Ready(None) {
            assert_eq!(written.load(Ordering::Relaxed), 7);
        }
        other.join().unwrap();
        assert_eq!(poll_once(stoppable), Poll::Ready(None));
    });
}
