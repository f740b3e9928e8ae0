//! Passive forks that become active, in all interleavings.

use core::task::Poll;

use aiter_adapters::{AiterExt, ForkStream, PassiveFork, TaskOutcome};
use loom::{sync::Arc, thread};

use super::{
    model, poll_once, read_all,
    turns::{Source, Teller, ready, source, take},
    wide_model,
};

fn forked() -> (Teller, ForkStream<Source>, PassiveFork<Source>) {
    let (teller, source) = source(0);
    let one = source.forker();
    let passive = one.fork_passive();
    (teller, one, passive)
}

/// Reads to the end: all items if the fork drove the source, or those that are there if it came too
/// late. The fork is dropped after the threads are joined, because loom knows nothing of the `Arc`
/// in the lock's waker.
#[must_use]
fn all_or_cancelled(
    mut fork: ForkStream<Source>,
    there: &[usize],
    all: &[usize],
) -> ForkStream<Source> {
    let items = read_all(&mut fork);
    let expected = match fork.outcome() {
        Some(TaskOutcome::Completed) => all,
        Some(TaskOutcome::Cancelled) => there,
        outcome => panic!("{outcome:?}"),
    };
    assert_eq!(items, expected);
    fork
}

/// The last active fork goes while a passive one becomes active.
#[test]
fn fork_activates_during_last_active_drop() {
    model(|| {
        let (teller, mut one, passive) = forked();
        teller.send();
        assert_eq!(poll_once(&mut one), Poll::Ready(Some(0)));
        teller.send_last();
        let other = thread::spawn(move || all_or_cancelled(passive.activate(), &[0], &[0, 1]));
        drop(one);
        let _two = other.join().unwrap();
        assert_eq!(Arc::strong_count(&teller.0), 1, "the source is kept");
    });
}

/// The last active fork waits and goes, with an item coming, while a passive one becomes active.
#[test]
fn fork_activates_during_waiting_fork_drop() {
    model(|| {
        let (teller, mut one, passive) = forked();
        assert!(poll_once(&mut one).is_pending());
        let feeder = thread::spawn(move || teller.send_last());
        let dropper = thread::spawn(move || drop(one));
        let _two = all_or_cancelled(passive.activate(), &[], &[0]);
        feeder.join().unwrap();
        dropper.join().unwrap();
    });
}

/// Two passive forks become active while the last active one goes.
#[test]
fn two_forks_activate_during_last_active_drop() {
    wide_model(|| {
        let (teller, one, passive) = forked();
        teller.send_last();
        let second = passive.fork_passive();
        let other = thread::spawn(move || all_or_cancelled(second.activate(), &[], &[0]));
        let dropper = thread::spawn(move || drop(one));
        let _two = all_or_cancelled(passive.activate(), &[], &[0]);
        let _three = other.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(Arc::strong_count(&teller.0), 1, "the source is kept");
    });
}

/// An active fork comes and goes while the last one goes: a passive one that sleeps ends.
#[test]
fn passive_fork_ends_when_two_actives_drop() {
    model(|| {
        let (teller, one, mut passive) = forked();
        let second = passive.fork_passive();
        let other = thread::spawn(move || drop(second.activate()));
        let dropper = thread::spawn(move || drop(one));
        assert_eq!(take(&mut passive), None);
        assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
        other.join().unwrap();
        dropper.join().unwrap();
        assert_eq!(Arc::strong_count(&teller.0), 1, "the source is kept");
    });
}

/// A fork that has had a turn goes, and then the last one, which must find the gate open.
#[test]
fn last_active_drop_finds_gate_open() {
    model(|| {
        let (teller, one, passive) = forked();
        let mut two = one.fork();
        let other = thread::spawn(move || {
            assert!(poll_once(&mut two).is_pending());
        });
        drop(one);
        other.join().unwrap();
        assert_eq!(Arc::strong_count(&teller.0), 1, "the source is kept");
        assert_eq!(passive.outcome(), Some(TaskOutcome::Cancelled));
    });
}

/// A passive fork becomes active while another one drives: they drive in turn.
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

/// A fork that becomes active and one that is active wait for the same item.
#[test]
fn activated_fork_and_other_receive_item() {
    wide_model(|| {
        let (teller, mut one, passive) = forked();
        let feeder = thread::spawn(move || teller.send());
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

/// A passive fork that sleeps hears of what a late active fork drives.
#[test]
fn activated_fork_wakes_passive_fork() {
    wide_model(|| {
        let (teller, one, mut passive) = forked();
        teller.send();
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
