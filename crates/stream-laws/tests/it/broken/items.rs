//! Items, ends, bounds, panics and drops: L4, L5, L6, L10 and the relation.

use core::{
    cell::Cell,
    mem::{self, ManuallyDrop},
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;
use futures_util::StreamExt;
use stream_laws::{Case, Law, Laws, Relation, Source, Token};

use super::{Polled, breaks, poll};
use crate::adapters::{FixedHint, InnerHint, PlusOneHint, poll_adapter};

#[test]
fn l4_lower_bound_too_high_is_found() {
    let adapter = poll_adapter(|(), source, cx| {
        loop {
            match ready!(poll(source, cx)) {
                Some(token) if token.number() % 2 == 1 => {}
                other => return Poll::Ready(other),
            }
        }
    });
    let laws = Laws::of("drops odd items", move |source| InnerHint(adapter(source)));
    let broken = breaks(Law::L4, &laws.expect(Relation::Subsequence));
    assert_eq!(broken.case.to_string(), "`oo|`");
}

#[test]
fn l4_overflow_is_found() {
    let adapter = poll_adapter(|(), source, cx| poll(source, cx));
    let laws = Laws::of("one more", move |source| PlusOneHint(adapter(source)));
    let broken = breaks(Law::L4, &laws.expect(Relation::Same));
    assert!(broken.message.contains("overflow"), "{broken}");
}

#[test]
fn l5_leaked_item_is_found() {
    let adapter = poll_adapter(|state: &mut (Option<ManuallyDrop<Token>>, bool), source, cx| {
        let (ahead, ended) = state;
        loop {
            let item = if *ended { None } else { ready!(poll(source, cx)) };
            *ended = item.is_none();
            let item = mem::replace(ahead, item.map(ManuallyDrop::new));
            if item.is_some() || *ended {
                return Poll::Ready(item.map(ManuallyDrop::into_inner));
            }
        }
    });
    let broken = breaks(Law::L5, &Laws::of("leaks an item", adapter).expect(Relation::Any));
    assert_eq!(broken.message, "1 items were not freed");
}

#[test]
fn l5_leaked_source_is_found() {
    let keeper = |source| {
        let mut source = ManuallyDrop::new(source);
        futures_util::stream::poll_fn(move |cx| poll(&mut source, cx))
    };
    let broken = breaks(Law::L5, &Laws::of("leaks its source", keeper).expect(Relation::Same));
    assert_eq!(broken.message, "source 0 was not dropped");
}

#[test]
fn l6_hang_after_panic_is_found() {
    let adapter = poll_adapter(|busy: &mut bool, source, cx| {
        if mem::replace(busy, true) {
            return Poll::Pending;
        }
        let item = poll(source, cx);
        *busy = false;
        item
    });
    let broken = breaks(Law::L6, &Laws::of("busy after panic", adapter).expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`!|`");
}

#[test]
fn l6_leak_after_panic_is_found() {
    let adapter = poll_adapter(|(), source, cx| {
        let item = ready!(poll(source, cx));
        if let Some(token) = item {
            let token = ManuallyDrop::new(token);
            // The second poll panics while this function owns the item.
            let next = poll(source, cx);
            assert!(!matches!(next, Poll::Ready(Some(_))), "the script has one item");
            return Poll::Ready(Some(ManuallyDrop::into_inner(token)));
        }
        Poll::Ready(None)
    });
    let laws = Laws::of("leaks on panic", adapter).expect(Relation::Any);
    let case = Case::new(["o!|".parse().expect("a script")]);
    let broken = laws.check_case(&case).expect_err("the item leaks");
    assert_eq!((broken.law, &*broken.message), (Law::L6, "1 items were not freed"));
}

#[test]
fn l6_panic_without_source_panic_is_found() {
    let adapter = poll_adapter(|(), source, cx| {
        poll(source, cx).map(|item| item.inspect(|token| assert!(token.number() < 2)))
    });
    let broken = breaks(Law::L6, &Laws::of("panics by itself", adapter).expect(Relation::Same));
    assert!(broken.message.contains("no source did"), "{broken}");
}

#[test]
fn l10_item_after_end_is_found() {
    let adapter = poll_adapter(|state: &mut (Option<Token>, bool), source, cx| {
        let (late, ended) = state;
        if *ended {
            return Poll::Ready(late.take());
        }
        match ready!(poll(source, cx)) {
            Some(token) if late.is_none() => {
                *late = Some(token.clone());
                Poll::Ready(Some(token))
            }
            item => {
                *ended = item.is_none();
                Poll::Ready(item)
            }
        }
    });
    let broken = breaks(Law::L10, &Laws::of("item after end", adapter).expect(Relation::Any));
    assert_eq!(broken.case.to_string(), "`o|`");
}

#[test]
fn l10_panic_after_end_is_found() {
    let adapter = poll_adapter(|ended: &mut bool, source, cx| {
        assert!(!*ended, "polled after its end");
        poll(source, cx).map(|item| {
            *ended = item.is_none();
            item
        })
    });
    let broken = breaks(Law::L10, &Laws::of("panics after end", adapter).expect(Relation::Same));
    assert!(broken.message.contains("polled after its end"), "{broken}");
}

#[test]
fn l5_panic_of_drop_is_found() {
    #[derive(Default)]
    struct PanicOnDrop;
    impl Drop for PanicOnDrop {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let adapter = poll_adapter(|_: &mut PanicOnDrop, source, cx| poll(source, cx));
    let broken = breaks(Law::L5, &Laws::of("panics on drop", adapter).expect(Relation::Same));
    assert_eq!(broken.message, "the drop of the stream of task 0 panicked: dropped");
}

#[test]
fn l4_upper_bound_too_low_is_found() {
    let adapter = poll_adapter(|(), source, cx| poll(source, cx));
    let laws =
        Laws::of("upper bound too low", move |source| FixedHint(adapter(source), (0, Some(1))));
    let broken = breaks(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.message, "(0, Some(1)) after step 0, but 2 items came");
}

#[test]
fn size_hint_panic_hides_later_findings() {
    /// Panics in `size_hint` and then leaks its source.
    struct PanicInHint(Option<Source>, Cell<bool>);
    impl Stream for PanicInHint {
        type Item = Token;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
            poll(self.0.as_mut().expect("source is present until the drop"), cx)
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1.set(true);
            panic!("size_hint");
        }
    }
    impl Drop for PanicInHint {
        fn drop(&mut self) {
            if self.1.get() {
                mem::forget(self.0.take());
            }
        }
    }
    let laws = Laws::of("panic in size_hint", |source| PanicInHint(Some(source), Cell::new(false)));
    breaks(Law::L4, &laws.expect(Relation::Any));
}

#[test]
fn l4_lower_above_upper_is_found() {
    let adapter = poll_adapter(|(), source, cx| poll(source, cx));
    let laws =
        Laws::of("lower above upper", move |source| FixedHint(adapter(source), (1, Some(0))));
    let broken = breaks(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.message, "size_hint is (1, Some(0))");
}

#[test]
fn lost_and_duplicated_items_are_found() {
    let lossy = || {
        poll_adapter(|(), source, cx| {
            loop {
                match ready!(poll(source, cx)) {
                    Some(token) if token.number() == 2 => {}
                    item => return Poll::Ready(item),
                }
            }
        })
    };
    breaks(Law::Items, &Laws::of("lossy", lossy()).expect(Relation::Same));
    Laws::of("lossy", lossy()).expect(Relation::Subsequence).run().assert();

    let doubling = poll_adapter(|(), source, cx| {
        poll(source, cx).map(|item| item.map(|token| (token.clone(), token)))
    });
    breaks(Law::Items, &Laws::of("doubling", doubling).expect(Relation::Same));
}

#[test]
fn unread_items_of_outer_source_are_found() {
    let laws = Laws::of_nested("first one", |outer| outer.take(1).flatten());
    let broken = breaks(Law::Items, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.message, "the adapter did not read 1 items of the outer source");
}
