//! Random operations against a queue of the newest items.

use alloc::collections::VecDeque;

use aiter_adapters::{
    LossyCursor,
    LossyPolicy::{self, Disconnect, DropOldest},
    LossyPusher, bounded_lossy,
};
use aiter_core::{TryNextError, TryPushError};

use crate::{Item, Live, POLICIES};

/// Xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n as u64) as usize
    }
}

struct Reader {
    cursor: LossyCursor<Item>,
    position: usize,
    missed: usize,
    is_cut: bool,
}

struct Model {
    policy: LossyPolicy,
    cap: usize,
    live: Live,
    pusher: LossyPusher<Item>,
    /// The newest `cap` items.
    newest: VecDeque<usize>,
    pushed: usize,
    is_stopped: bool,
    readers: Vec<Reader>,
}

impl Model {
    fn new(policy: LossyPolicy, cap: usize) -> Self {
        let (pusher, cursor) = bounded_lossy(cap, policy);
        let reader = Reader { cursor, position: 0, missed: 0, is_cut: false };
        Self {
            policy,
            cap,
            live: Live::default(),
            pusher,
            newest: VecDeque::new(),
            pushed: 0,
            is_stopped: false,
            readers: vec![reader],
        }
    }

    /// Returns the number of cursors that are not cut off.
    fn cursors(&self) -> usize {
        let counts = |reader: &&Reader| self.policy == DropOldest || !reader.is_cut;
        self.readers.iter().filter(counts).count()
    }

    fn push(&mut self) {
        let refused = match self.pusher.push(self.live.item(self.pushed)) {
            Ok(()) => None,
            Err(TryPushError::Stopped(_)) => Some(true),
            Err(TryPushError::NoCursor(_)) => Some(false),
            Err(TryPushError::Full(_)) => panic!("no read is suspended"),
        };
        let expected = match (self.is_stopped, self.cursors()) {
            (true, _) => Some(true),
            (false, 0) => Some(false),
            _ => None,
        };
        assert_eq!(refused, expected);
        if refused.is_some() {
            return;
        }
        self.newest.push_back(self.pushed);
        self.pushed += 1;
        if self.newest.len() > self.cap {
            self.newest.pop_front();
        }
        let oldest = self.pushed - self.newest.len();
        for reader in &mut self.readers {
            reader.is_cut |= reader.position < oldest;
        }
    }

    fn read(&mut self, at: usize) {
        let oldest = self.pushed - self.newest.len();
        let Some(reader) = self.readers.get_mut(at) else { return };
        let read = reader.cursor.try_next();
        if reader.is_cut && self.policy == Disconnect {
            assert_eq!(read.unwrap_err(), TryNextError::Ended);
            return;
        }
        if reader.is_cut {
            reader.missed += oldest - reader.position;
            reader.position = oldest;
            reader.is_cut = false;
        }
        match self.newest.get(reader.position - oldest) {
            Some(&item) => {
                assert_eq!(read.unwrap(), item);
                reader.position += 1;
            }
            None if self.is_stopped => assert_eq!(read.unwrap_err(), TryNextError::Ended),
            None => assert_eq!(read.unwrap_err(), TryNextError::Empty),
        }
    }

    fn skip(&mut self, at: usize, n: usize) {
        let oldest = self.pushed - self.newest.len();
        let Some(reader) = self.readers.get_mut(at) else { return };
        let skipped = reader.cursor.skip_items(n);
        if reader.is_cut && self.policy == Disconnect {
            assert_eq!(skipped, 0);
            return;
        }
        if reader.is_cut {
            reader.missed += oldest - reader.position;
            reader.position = oldest;
            reader.is_cut = false;
        }
        assert_eq!(skipped, n.min(self.pushed - reader.position));
        reader.position += skipped;
    }

    fn fork(&mut self, at: usize) {
        let Some(reader) = self.readers.get(at) else { return };
        let Reader { position, is_cut, .. } = *reader;
        self.readers.push(Reader { cursor: reader.cursor.fork(), position, missed: 0, is_cut });
    }

    fn subscribe(&mut self) {
        let (cursor, position) = (self.pusher.subscribe(), self.pushed);
        self.readers.push(Reader { cursor, position, missed: 0, is_cut: false });
    }

    fn check(&self) {
        let (mut longest, mut has_laggard) = (0, false);
        for Reader { cursor, position, missed, is_cut } in &self.readers {
            assert_eq!((cursor.is_lagged(), cursor.missed()), (*is_cut, *missed));
            let len = match (is_cut, self.policy) {
                (false, _) => self.pushed - position,
                (true, DropOldest) => self.cap,
                (true, Disconnect) => 0,
            };
            assert_eq!(cursor.len(), len);
            assert_eq!(cursor.is_stopped(), self.is_stopped);
            longest = longest.max(len);
            has_laggard |= *is_cut;
        }
        assert_eq!((self.pusher.len(), self.pusher.cursor_count()), (longest, self.cursors()));
        let most = if self.cursors() == 0 { 0 } else { self.cap + 31 + 64 };
        assert!(self.live.count() <= most, "{} items", self.live.count());
        if has_laggard && self.policy == DropOldest {
            assert!(self.live.count() >= self.newest.len());
        }
    }
}

fn run(policy: LossyPolicy, cap: usize, seed: u64, steps: usize) {
    let mut random = Random(seed);
    let mut model = Model::new(policy, cap);
    for _ in 0..steps {
        match random.below(100) {
            0..40 => model.push(),
            40..45 => (0..random.below(3 * cap)).for_each(|_| model.push()),
            45..48 => {
                let at = random.below(model.readers.len().max(1));
                model.skip(at, random.below(cap + 2));
            }
            48..80 => {
                let at = random.below(model.readers.len().max(1));
                (0..random.below(4)).for_each(|_| model.read(at));
            }
            80..84 => {
                let at = random.below(model.readers.len().max(1));
                (0..2 * cap).for_each(|_| model.read(at));
            }
            84..90 if model.readers.len() < 6 => {
                let at = random.below(model.readers.len().max(1));
                model.fork(at);
            }
            90..93 if model.readers.len() < 6 => model.subscribe(),
            93..98 if !model.readers.is_empty() => {
                let at = random.below(model.readers.len());
                drop(model.readers.swap_remove(at));
            }
            98 if random.below(10) == 0 => {
                model.pusher.stop();
                model.is_stopped = true;
            }
            99 if model.is_stopped => {
                for at in 0..model.readers.len() {
                    (0..=cap).for_each(|_| model.read(at));
                }
                model.check();
                let live = model.live.clone();
                model = Model::new(policy, cap);
                assert_eq!(live.count(), 0, "a list that is gone keeps no item");
            }
            _ => {}
        }
        model.check();
    }
}

#[test]
fn random_operations_agree_with_queue() {
    let (seeds, steps) = if cfg!(miri) { (1, 150) } else { (6, 2000) };
    for policy in POLICIES {
        let caps: &[usize] = if cfg!(miri) { &[1, 5] } else { &[1, 2, 3, 4, 16, 57, 60, 130] };
        for &cap in caps {
            for seed in 1..=seeds {
                run(policy, cap, 0x9E37_79B9_7F4A_7C15_u64.wrapping_mul(seed), steps);
            }
        }
    }
}
