//! Stories of those that get ready and the task that takes them.

use core::future::poll_fn;
use std::sync::Arc as StdArc;

use aiter_core::{ReadyEntry, ReadyStack};
use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::*;

struct Member {
    entry: ReadyEntry,
    news: AtomicUsize,
}

impl Member {
    /// Relaxed on purpose: the stack alone has to make the news visible to who takes the number.
    fn tell(&self) {
        self.news.fetch_add(1, Relaxed);
        self.entry.mark();
    }
}

fn with_members<const N: usize>() -> (ReadyStack, [Arc<Member>; N]) {
    let ready = ReadyStack::new();
    let members = core::array::from_fn(|number| {
        Arc::new(Member { entry: ready.entry(number), news: AtomicUsize::new(0) })
    });
    (ready, members)
}

/// Sleeps until so many have told something, and says who, in the order in which they did.
async fn take(ready: &mut ReadyStack, members: &[Arc<Member>], count: usize) -> Vec<usize> {
    let mut taken = Vec::new();
    poll_fn(|cx| {
        loop {
            let mut number = ready.take();
            let mut batch = Vec::new();
            while number != ReadyStack::NONE {
                batch.push(number);
                let member = &members[number];
                assert_eq!(member.news.swap(0, Relaxed), 1, "the news came with the number");
                number = member.entry.below();
            }
            taken.extend(batch.into_iter().rev());
            if taken.len() >= count {
                return Poll::Ready(());
            }
            if ready.sleep(cx.waker()) {
                return Poll::Pending;
            }
        }
    })
    .await;
    taken
}

fn spawn_tell(member: &Arc<Member>) -> thread::JoinHandle<()> {
    let member = member.clone();
    thread::spawn(move || member.tell())
}

#[test]
fn mark_sleep() {
    model(|| {
        let (mut ready, members) = with_members::<1>();
        let other = spawn_tell(&members[0]);
        assert_eq!(block_on(take(&mut ready, &members, 1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn two_mark_one_sleeps() {
    model(|| {
        let (mut ready, members) = with_members::<2>();
        let others = members.each_ref().map(spawn_tell);
        let mut taken = block_on(take(&mut ready, &members, 2));
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The waker of the first sleep may still be in the notifier's hands when the task sleeps again.
#[test]
fn mark_sleep_mark_sleep() {
    model(|| {
        let (mut ready, members) = with_members::<2>();
        let mine = members.clone();
        let other = thread::spawn(move || members.iter().for_each(|member| member.tell()));
        assert_eq!(block_on(take(&mut ready, &mine, 2)), [0, 1]);
        other.join().unwrap();
    });
}

/// A task that was moved sleeps with another waker.
#[test]
fn the_latest_waker_is_called() {
    model(|| {
        let (mut ready, members) = with_members::<1>();
        assert!(ready.sleep(Waker::noop()));
        let other = spawn_tell(&members[0]);
        assert_eq!(block_on(take(&mut ready, &members, 1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn the_owner_goes_while_one_is_marked() {
    struct Nobody;
    impl std::task::Wake for Nobody {
        fn wake(self: StdArc<Self>) {}
    }
    model(|| {
        let (mut ready, members) = with_members::<1>();
        let task = StdArc::new(Nobody);
        assert!(ready.sleep(&Waker::from(task.clone())));
        let other = spawn_tell(&members[0]);
        drop(ready);
        other.join().unwrap();
        drop(members);
        assert_eq!(StdArc::strong_count(&task), 1, "the waker is kept");
    });
}
