//! Stories of the weighed list: requests of different weights against two cursors.

use aiter_adapters::bounded_by;
use loom::{future::block_on, thread};

use super::{next, wide_model};

/// The items do not fit beside each other, so the second producer waits until both cursors have
/// read the first item. If a read returns less than its weight, or a wake-up is lost, the story
/// does not end.
#[test]
fn two_weights_pass_two_cursors() {
    wide_model(|| {
        let (pusher, mut one) = bounded_by(3, |item: &usize| *item);
        let mut two = one.fork();
        let producers = [2, 5].map(|item| {
            let pusher = pusher.clone();
            thread::spawn(move || block_on(pusher.push(item)).unwrap())
        });
        let mut weight = 0;
        for _ in 0..2 {
            let item = block_on(next(&mut one)).unwrap();
            assert_eq!(block_on(next(&mut two)), Some(item));
            weight += item;
        }
        for producer in producers {
            producer.join().unwrap();
        }
        assert_eq!((weight, pusher.used(), pusher.capacity()), (7, 0, 3));
    });
}
