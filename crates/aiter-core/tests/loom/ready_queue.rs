//! Stories of a `ReadyQueue`: members that become ready and the owner task that takes them.

use core::future::poll_fn;
use std::sync::Arc as StdArc;

use aiter_core::task::{ReadyNode, ReadyQueue};
use loom::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    thread,
};

use super::*;

/// The threads' side: a member's waker and its events.
struct Member {
    waker: Waker,
    events: AtomicUsize,
}

impl Member {
    /// Relaxed, because the wake-up alone has to make the event visible to the owner.
    fn send(&self) {
        self.events.fetch_add(1, Relaxed);
        self.waker.wake_by_ref();
    }
}

/// The owner's side: the queue and its members, which are idle at first.
struct Owner<const N: usize> {
    ready: ReadyQueue,
    nodes: [ReadyNode<()>; N],
    members: [Arc<Member>; N],
    /// The number of events that the owner has seen of each member.
    seen: [usize; N],
}

impl<const N: usize> Owner<N> {
    fn new() -> Self {
        let ready = ReadyQueue::new();
        let nodes = core::array::from_fn(|number| {
            let mut node = ready.node(number);
            assert!(node.set_idle());
            node
        });
        let members = nodes.each_ref().map(|node: &ReadyNode<()>| {
            Arc::new(Member { waker: node.waker(), events: AtomicUsize::new(0) })
        });
        Self { ready, nodes, members, seen: [0; N] }
    }

    /// Waits for `count` events. Returns their members' numbers, in the order of the wake-ups.
    async fn take(&mut self, count: usize) -> Vec<usize> {
        let (mut taken, mut events) = (Vec::new(), 0);
        poll_fn(|cx| {
            loop {
                let mut number = self.ready.take();
                let mut batch = Vec::new();
                while number != ReadyQueue::NONE {
                    batch.push(number);
                    number = self.nodes[number].next();
                }
                for &number in batch.iter().rev() {
                    taken.push(number);
                    let node = &mut self.nodes[number];
                    let before = self.seen[number];
                    let mut is_scheduled = true;
                    while is_scheduled {
                        node.clear_wakes();
                        // A load, which may miss the latest value. A swap never does.
                        self.seen[number] = self.members[number].events.load(Relaxed);
                        is_scheduled = !node.set_idle();
                    }
                    assert!(self.seen[number] > before, "a number must bring an event");
                    events += self.seen[number] - before;
                }
                if events >= count {
                    return Poll::Ready(());
                }
                if self.ready.sleep(cx.waker()) {
                    return Poll::Pending;
                }
            }
        })
        .await;
        taken
    }
}

fn spawn_send(member: &Arc<Member>) -> thread::JoinHandle<()> {
    let member = member.clone();
    thread::spawn(move || member.send())
}

#[test]
fn member_wake_wakes_owner() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let other = spawn_send(&owner.members[0]);
        assert_eq!(block_on(owner.take(1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn two_member_wakes_reach_owner() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let others = owner.members.each_ref().map(spawn_send);
        let mut taken = block_on(owner.take(2));
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The notifier may still hold the first waker when the owner waits again.
#[test]
fn second_wake_reaches_owner_after_first() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let members = owner.members.clone();
        let other = thread::spawn(move || members.iter().for_each(|member| member.send()));
        assert_eq!(block_on(owner.take(2)), [0, 1]);
        other.join().unwrap();
    });
}

/// The owner waits again with another waker.
#[test]
fn latest_waker_is_called() {
    model(|| {
        let mut owner = Owner::<1>::new();
        assert!(owner.ready.sleep(Waker::noop()));
        let other = spawn_send(&owner.members[0]);
        assert_eq!(block_on(owner.take(1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn owner_drop_during_wake_drops_waker() {
    struct NoopTask;
    impl std::task::Wake for NoopTask {
        fn wake(self: StdArc<Self>) {}
    }
    model(|| {
        let Owner { mut ready, nodes, members, .. } = Owner::<1>::new();
        let task = StdArc::new(NoopTask);
        assert!(ready.sleep(&Waker::from(task.clone())));
        let other = spawn_send(&members[0]);
        drop((ready, nodes));
        other.join().unwrap();
        drop(members);
        assert_eq!(StdArc::strong_count(&task), 1, "the queue must drop the waker");
    });
}

/// The second wake-up may find the member idle, queued, polled, or idle again.
#[test]
fn member_woken_twice_is_taken() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let member = owner.members[0].clone();
        let other = thread::spawn(move || {
            member.send();
            member.send();
        });
        assert!(matches!(block_on(owner.take(2))[..], [0] | [0, 0]));
        other.join().unwrap();
    });
}

#[test]
fn two_wakes_of_one_member_are_taken() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let others = [(); 2].map(|()| spawn_send(&owner.members[0]));
        assert!(matches!(block_on(owner.take(2))[..], [0] | [0, 0]));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The last waker or the owner frees the node. The member is dropped with the owner.
#[test]
fn owner_drop_during_waker_drop_frees_node() {
    model(|| {
        let Owner { ready, mut nodes, members, .. } = Owner::<1>::new();
        let other = thread::spawn({
            let [member] = members;
            move || {
                member.send();
                drop(member);
            }
        });
        let _ = nodes[0].poll_new((), |_, cx| {
            drop(cx.waker().clone());
            Poll::<()>::Pending
        });
        drop((nodes, ready));
        other.join().unwrap();
    });
}

/// A member whose node linked to another member is queued again without it. The old link is gone.
#[test]
fn next_queue_has_no_old_links() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let [first, second] = owner.members.clone();
        let other = spawn_send(&second);
        first.send();
        second.send();
        block_on(owner.take(3));
        other.join().unwrap();
    });
}

/// A wake-up above the limit of the count arrives while the owner resets the count.
#[test]
fn uncounted_wake_up_is_not_lost() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let member = owner.members[0].clone();
        // `MAX_WAKES` under loom.
        (0..3).for_each(|_| member.send());
        let other = spawn_send(&member);
        block_on(owner.take(4));
        other.join().unwrap();
    });
}
