//! Stories of passive forks that become active.

use core::task::Poll;

use aiter_adapters::{AiterExt, ForkStream, PassiveFork, TaskOutcome};
use loom::{sync::Arc, thread};

use super::{
    model, poll_once, read_all,
    turns::{Source, SourceHandle, ready, source, take},
    wide_model,
};

fn forked() -> (SourceHandle, ForkStream<Source>, PassiveFork<Source>) {
    let (handle, source) = source(0);
    let one = source.forker();
    let passive = one.fork_passive();
    (handle, one, passive)
}

/// Reads to the end. Expects `all` if the fork polled the source to its end, and `received` if the
/// source was dropped before. The caller drops the fork after the threads are joined, because loom
/// does not model the `Arc` in the lock's waker.
#[must_use]
fn all_or_cancelled(
    mut fork: ForkStream<Source>,
    received: &[usize],
    all: &[usize],
) -> ForkStream<Source> {
    let items = read_all(&mut fork);
    let expected = match fork.outcome() {
        Some(TaskOutcome::Completed) => all,
        Some(TaskOutcome::Cancelled) => received,
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(items, expected);
    fork
}

/// The last active fork is dropped while a passive fork becomes active.
#[test]
fn fork_activates_during_last_active_drop() {
    model(|| {
        let (handle, mut one, passive) = forked();
        handle.send();
        assert_eq!(poll_once(&mut one), Poll::Ready(Some(0)));
        handle.send_last();
        let other = thread::spawn(move || all_or_cancelled(passive.activate(), &[0], &[0, 1]));
        drop(one);
        let _two = other.join().unwrap();
        assert_eq!(Arc::strong_count(&handle.0), 1, "the forks must drop the source");
    });
}

/// The last active fork waits, is woken for an item, and is dropped while a passive fork becomes
/// active.
#[test]
fn fork_activates_during_waiting_fork_drop() {
    model(|| {
        let (handle, mut one, passive) = forked();
        assert!(poll_once(&mut one).is_pending());
        let dropper = thread::spawn(move || drop(one));
        handle.send_last();
        let _two = all_or_cancelled(passive.activate(), &[], &[0]);
        dropper.join().unwrap();
    });
}

/// Two passive forks become active while the last active fork is dropped.
#[test]
fn two_forks_activate_during_last_active_drop() {
    wide_model(|| {
        let (handle, one, passive) = forked();
        handle.send_last();
        let second = passive.fork_passive();
        let other = thread::spawn(move || all_or_cancelled(second.activate(), &[], &[0]));
        let dropper = thread::spawn(move || drop(one));
        let _two = all_or_cancelled(passive.activate(), &[], &[0]);
        let _three = other.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(Arc::strong_count(&handle.0), 1, "the forks must drop the source");
    });
}

/// A passive fork becomes active and is dropped while the last active fork is dropped. The waiting
/// passive fork ends.
#[test]
fn passive_fork_ends_when_two_actives_drop() {
    model(|| {
        let (handle, one, mut passive) = forked();
        let second = passive.fork_passive();
        let other = thread::spawn(move || drop(second.activate()));
        let dropper = thread::spawn(move || drop(one));
        assert_eq!(take(&mut passive), None);
        assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
        other.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(Arc::strong_count(&handle.0), 1, "the forks must drop the source");
    });
}

/// A fork that had a turn is dropped, and then the last active fork, which must find the gate open.
#[test]
fn last_active_drop_finds_gate_open() {
    model(|| {
        let (handle, one, passive) = forked();
        let mut two = one.fork();
        let other = thread::spawn(move || {
            assert!(poll_once(&mut two).is_pending());
        });
        drop(one);
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&handle.0), 1, "the forks must drop the source");
        assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
    });
}

/// A passive fork becomes active while another fork polls the source. Both forks take turns.
#[test]
fn fork_activates_during_drive_reads_all_items() {
    model(|| {
        let mut one = ready([0, 1]).forker();
        let passive = one.fork_passive();
        let other = thread::spawn(move || {
            let mut two = passive.activate();
            assert_eq!([take(&mut two), take(&mut two)], [Some(0), Some(1)]);
            two
        });
        assert_eq!([take(&mut one), take(&mut one)], [Some(0), Some(1)]);
        drop(other.join().unwrap());
    });
}

/// A fork that becomes active and a fork that is active wait for the same item.
#[test]
fn activated_fork_and_other_receive_item() {
    wide_model(|| {
        let (handle, mut one, passive) = forked();
        let other = thread::spawn(move || {
            let mut two = passive.activate();
            assert_eq!(take(&mut two), Some(0));
            two
        });
        handle.send();
        assert_eq!(take(&mut one), Some(0));
        drop(other.join().unwrap());
    });
}

/// A waiting passive fork is woken for an item that a later active fork polls.
#[test]
fn activated_fork_wakes_passive_fork() {
    wide_model(|| {
        let (handle, one, mut passive) = forked();
        handle.send();
        let mut two = passive.fork_active();
        let dropper = thread::spawn(move || drop(one));
        let other = thread::spawn(move || {
            assert_eq!(take(&mut two), Some(0));
        });
        assert_eq!([take(&mut passive), take(&mut passive)], [Some(0), None]);
        dropper.join().unwrap();
        other.join().unwrap();
    });
}

/// Stories that take minutes with two preemptions.
mod full {
    use super::*;

    /// As the story of the same name, with the item sent by a third thread.
    #[test]
    fn fork_activates_during_waiting_fork_drop() {
        model(|| {
            let (handle, mut one, passive) = forked();
            assert!(poll_once(&mut one).is_pending());
            let feeder = thread::spawn(move || handle.send_last());
            let dropper = thread::spawn(move || drop(one));
            let _two = all_or_cancelled(passive.activate(), &[], &[0]);
            feeder.join().unwrap();
            dropper.join().unwrap();
        });
    }

    /// As the story of the same name, with the item sent by a third thread.
    #[test]
    fn activated_fork_and_other_receive_item() {
        wide_model(|| {
            let (handle, mut one, passive) = forked();
            let feeder = thread::spawn(move || handle.send());
            let other = thread::spawn(move || {
                let mut two = passive.activate();
                assert_eq!(take(&mut two), Some(0));
                two
            });
            assert_eq!(take(&mut one), Some(0));
            feeder.join().unwrap();
            drop(other.join().unwrap());
        });
    }
}
