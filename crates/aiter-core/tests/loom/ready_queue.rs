//! Stories of those that get ready and the task that takes them.

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

/// What others have of a member.
struct Member {
    waker: Waker,
    news: AtomicUsize,
}

impl Member {
    /// Relaxed on purpose: the wake-up alone has to make the news visible to who takes the number.
    fn tell(&self) {
        self.news.fetch_add(1, Relaxed);
        self.waker.wake_by_ref();
    }
}

/// The owner's side: members that are all asleep.
struct Owner<const N: usize> {
    ready: ReadyQueue,
    nodes: [ReadyNode<()>; N],
    members: [Arc<Member>; N],
    /// How much news each has had so far.
    heard: [usize; N],
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
            Arc::new(Member { waker: node.waker(), news: AtomicUsize::new(0) })
        });
        Self { ready, nodes, members, heard: [0; N] }
    }

    /// Sleeps until there was so much news, and says from whom, in the order in which they were marked.
    async fn take(&mut self, count: usize) -> Vec<usize> {
        let (mut taken, mut news) = (Vec::new(), 0);
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
                    let before = self.heard[number];
                    let mut up = true;
                    while up {
                        node.clear_wakes();
                        // A load: unlike a swap, it may be late.
                        self.heard[number] = self.members[number].news.load(Relaxed);
                        up = !node.set_idle();
                    }
                    assert!(self.heard[number] > before, "the news came with the number");
                    news += self.heard[number] - before;
                }
                if news >= count {
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

fn spawn_tell(member: &Arc<Member>) -> thread::JoinHandle<()> {
    let member = member.clone();
    thread::spawn(move || member.tell())
}

#[test]
fn member_wake_wakes_owner() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let other = spawn_tell(&owner.members[0]);
        assert_eq!(block_on(owner.take(1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn two_member_wakes_reach_owner() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let others = owner.members.each_ref().map(spawn_tell);
        let mut taken = block_on(owner.take(2));
        taken.sort_unstable();
        assert_eq!(taken, [0, 1]);
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// The waker of the first sleep may still be in the notifier's hands when the task sleeps again.
#[test]
fn second_wake_reaches_owner_after_first() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let members = owner.members.clone();
        let other = thread::spawn(move || members.iter().for_each(|member| member.tell()));
        assert_eq!(block_on(owner.take(2)), [0, 1]);
        other.join().unwrap();
    });
}

/// A task that was moved sleeps with another waker.
#[test]
fn latest_waker_is_called() {
    model(|| {
        let mut owner = Owner::<1>::new();
        assert!(owner.ready.sleep(Waker::noop()));
        let other = spawn_tell(&owner.members[0]);
        assert_eq!(block_on(owner.take(1)), [0]);
        other.join().unwrap();
    });
}

#[test]
fn owner_drop_during_wake_drops_waker() {
    struct Nobody;
    impl std::task::Wake for Nobody {
        fn wake(self: StdArc<Self>) {}
    }
    model(|| {
        let Owner { mut ready, nodes, members, .. } = Owner::<1>::new();
        let task = StdArc::new(Nobody);
        assert!(ready.sleep(&Waker::from(task.clone())));
        let other = spawn_tell(&members[0]);
        drop((ready, nodes));
        other.join().unwrap();
        drop(members);
        assert_eq!(StdArc::strong_count(&task), 1, "the waker is kept");
    });
}

/// The second wake-up may find the member asleep, on the stack, being polled, or asleep again.
#[test]
fn member_woken_twice_is_taken() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let member = owner.members[0].clone();
        let other = thread::spawn(move || {
            member.tell();
            member.tell();
        });
        assert!(matches!(block_on(owner.take(2))[..], [0] | [0, 0]));
        other.join().unwrap();
    });
}

#[test]
fn two_wakes_of_one_member_are_taken() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let others = [(); 2].map(|()| spawn_tell(&owner.members[0]));
        assert!(matches!(block_on(owner.take(2))[..], [0] | [0, 0]));
        others.into_iter().for_each(|other| other.join().unwrap());
    });
}

/// Whoever is last frees the node; the member went with its owner.
#[test]
fn owner_drop_during_waker_drop_frees_node() {
    model(|| {
        let Owner { ready, mut nodes, members, .. } = Owner::<1>::new();
        let other = thread::spawn({
            let [member] = members;
            move || {
                member.tell();
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

/// A member that was on top of another is woken again, alone: it leads to no other member then.
#[test]
fn next_queue_has_no_old_links() {
    model(|| {
        let mut owner = Owner::<2>::new();
        let [below, top] = owner.members.clone();
        let other = spawn_tell(&top);
        below.tell();
        top.tell();
        block_on(owner.take(3));
        other.join().unwrap();
    });
}

/// A wake-up beyond those that are counted comes while the owner starts the count anew.
#[test]
fn uncounted_wake_up_is_not_lost() {
    model(|| {
        let mut owner = Owner::<1>::new();
        let member = owner.members[0].clone();
        // A checker's limit.
        (0..3).for_each(|_| member.tell());
        let other = spawn_tell(&member);
        block_on(owner.take(4));
        other.join().unwrap();
    });
}
