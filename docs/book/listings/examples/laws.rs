//! Chapter 9: an adapter, its first version, and what the laws say about both.

use core::{
    pin::Pin,
    task::{Context, Poll},
};

use aiter::prelude::*;
use sensor_hub::NewestExt;
use stream_laws::{Laws, Relation};

/// The newest ready item of the source: the first version.
struct FirstVersion<S>(S);

impl<S: Stream + Unpin> Stream for FirstVersion<S> {
    type Item = S::Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut newest = None;
        loop {
            match self.0.poll_next_unpin(cx) {
                Poll::Ready(Some(item)) => newest = Some(item),
                Poll::Pending if newest.is_none() => return Poll::Pending,
                Poll::Ready(None) | Poll::Pending => return Poll::Ready(newest),
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

fn main() {
    smol::block_on(async {
        let (device, readings) = push_list();
        device.push_all(1..=5).expect("the dashboard reads");
        let mut dashboard = FirstVersion(readings);
        println!("{:?}", dashboard.next().await);
        device.push_all(6..=9).expect("the dashboard reads");
        drop(device);
        println!("{:?}, then {:?}", dashboard.next().await, dashboard.next().await);
    });

    let first_version = Laws::of("first_version", FirstVersion);
    println!("{}", first_version.expect(Relation::Subsequence).run());
    println!("{}", Laws::of("newest", NewestExt::newest).expect(Relation::Subsequence).run());
}
