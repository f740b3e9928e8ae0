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

use super::{Polled, only, poll};
use crate::toys::{Bounds, OneMore, SourceHint, on_poll};

#[test]
fn l4_promises_items_that_it_filters_out() {
    let toy = on_poll(|(), source, cx| {
        loop {
            match ready!(poll(source, cx)) {
                Some(token) if token.number() % 2 == 1 => {}
                other => return Poll::Ready(other),
            }
        }
    });
    let laws = Laws::of("half", move |source| SourceHint(toy(source)));
    let broken = only(Law::L4, &laws.expect(Relation::Subset));
    assert_eq!(broken.case.to_string(), "`oo|`");
}

#[test]
fn l4_adds_without_care() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("one more", move |source| OneMore(toy(source)));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert!(broken.why.contains("overflow"), "{broken}");
}

#[test]
fn l5_leaks_what_it_has_read_ahead() {
    let toy = on_poll(|state: &mut (Option<ManuallyDrop<Token>>, bool), source, cx| {
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
    let broken = only(Law::L5, &Laws::of("leaky", toy).expect(Relation::Any));
    assert_eq!(broken.why, "1 items were not freed");
}

#[test]
fn l5_keeps_its_source() {
    let keeper = |source| {
        let mut source = ManuallyDrop::new(source);
        futures_util::stream::poll_fn(move |cx| poll(&mut source, cx))
    };
    let broken = only(Law::L5, &Laws::of("keeper", keeper).expect(Relation::Same));
    assert_eq!(broken.why, "source 0 was not dropped");
}

#[test]
fn l6_is_busy_for_ever_after_a_panic() {
    let toy = on_poll(|busy: &mut bool, source, cx| {
        if mem::replace(busy, true) {
            return Poll::Pending;
        }
        let item = poll(source, cx);
        *busy = false;
        item
    });
    let broken = only(Law::L6, &Laws::of("busy", toy).expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`!|`");
}

#[test]
fn l6_leaks_when_it_panics() {
    let toy = on_poll(|(), source, cx| {
        let item = ready!(poll(source, cx));
        if let Some(token) = item {
            let token = ManuallyDrop::new(token);
            // A second poll in the same breath: what if this one panics?
            let next = poll(source, cx);
            assert!(!matches!(next, Poll::Ready(Some(_))), "only scripts of one item here");
            return Poll::Ready(Some(ManuallyDrop::into_inner(token)));
        }
        Poll::Ready(None)
    });
    let laws = Laws::of("careless", toy).expect(Relation::Any);
    let case = Case::new(["o!|".parse().expect("a script")]);
    let broken = laws.check_case(&case).expect_err("the item is lost");
    assert_eq!((broken.law, &*broken.why), (Law::L6, "1 items were not freed"));
}

#[test]
fn l6_panics_by_itself() {
    let toy = on_poll(|(), source, cx| {
        poll(source, cx).map(|item| item.inspect(|token| assert!(token.number() < 2)))
    });
    let broken = only(Law::L6, &Laws::of("touchy", toy).expect(Relation::Same));
    assert!(broken.why.contains("no source had"), "{broken}");
}

#[test]
fn l10_has_an_afterthought() {
    let toy = on_poll(|state: &mut (Option<Token>, bool), source, cx| {
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
    let broken = only(Law::L10, &Laws::of("afterthought", toy).expect(Relation::Any));
    assert_eq!(broken.case.to_string(), "`o|`");
}

#[test]
fn l10_cannot_be_polled_after_its_end() {
    let toy = on_poll(|ended: &mut bool, source, cx| {
        assert!(!*ended, "polled after its end");
        poll(source, cx).map(|item| {
            *ended = item.is_none();
            item
        })
    });
    let broken = only(Law::L10, &Laws::of("brittle", toy).expect(Relation::Same));
    assert!(broken.why.contains("polled after its end"), "{broken}");
}

#[test]
fn l5_its_drop_panics() {
    #[derive(Default)]
    struct Fragile;
    impl Drop for Fragile {
        fn drop(&mut self) {
            panic!("dropped");
        }
    }
    let toy = on_poll(|_: &mut Fragile, source, cx| poll(source, cx));
    let broken = only(Law::L5, &Laws::of("fragile", toy).expect(Relation::Same));
    assert_eq!(broken.why, "the drop of task 0's stream panicked: dropped");
}

#[test]
fn l4_its_upper_bound_is_too_low() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("modest", move |source| Bounds(toy(source), (0, Some(1))));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.why, "(0, Some(1)) after step 0, and 2 items came");
}

#[test]
fn what_comes_of_a_panic_of_its_own_is_not_found_as_well() {
    /// Loses its source when it was asked for its bounds.
    struct Rotten(Option<Source>, Cell<bool>);
    impl Stream for Rotten {
        type Item = Token;

        fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled {
            poll(self.0.as_mut().expect("it has one until it is dropped"), cx)
        }

        fn size_hint(&self) -> (usize, Option<usize>) {
            self.1.set(true);
            panic!("asked");
        }
    }
    impl Drop for Rotten {
        fn drop(&mut self) {
            if self.1.get() {
                mem::forget(self.0.take());
            }
        }
    }
    let laws = Laws::of("rotten", |source| Rotten(Some(source), Cell::new(false)));
    only(Law::L4, &laws.expect(Relation::Any));
}

#[test]
fn l4_its_bounds_are_the_wrong_way_round() {
    let toy = on_poll(|(), source, cx| poll(source, cx));
    let laws = Laws::of("confused", move |source| Bounds(toy(source), (1, Some(0))));
    let broken = only(Law::L4, &laws.expect(Relation::Same));
    assert_eq!(broken.why, "size_hint is (1, Some(0))");
}

#[test]
fn items_loses_and_swaps() {
    let lossy = || {
        on_poll(|(), source, cx| {
            loop {
                match ready!(poll(source, cx)) {
                    Some(token) if token.number() == 2 => {}
                    item => return Poll::Ready(item),
                }
            }
        })
    };
    only(Law::Items, &Laws::of("lossy", lossy()).expect(Relation::Same));
    Laws::of("lossy", lossy()).expect(Relation::Subset).run().assert();

    let doubling = on_poll(|(), source, cx| {
        poll(source, cx).map(|item| item.map(|token| (token.clone(), token)))
    });
    only(Law::Items, &Laws::of("doubling", doubling).expect(Relation::Same));
}

#[test]
fn items_that_were_not_asked_for_are_missed() {
    let laws = Laws::of_nested("first one", |outer| outer.take(1).flatten());
    let broken = only(Law::Items, &laws.expect(Relation::Same));
    assert_eq!(broken.case.to_string(), "`oo|`");
    assert_eq!(broken.why, "1 items of the outer source were not asked for");
}
