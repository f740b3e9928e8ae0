use alloc::vec::Vec;
use core::{
    array,
    pin::Pin,
    task::{Context, Poll, ready},
};

use futures_core::Stream;

mod sealed {
    #[expect(unnameable_types, reason = "the trait is sealed")]
    pub trait Sealed {}
}

/// The sources of [`azip`](crate::azip): a tuple of up to 12 streams, an array or a `Vec` of
/// streams.
///
/// The streams must be `Unpin`; use `Box::pin` for others. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tuple, array or `Vec` of `Unpin` streams",
    note = "use `Box::pin` for a stream that is not `Unpin`"
)]
pub trait AzipSources: sealed::Sealed {
    /// One item of each stream.
    type Row;
    /// The items of an incomplete row, `None` for each stream whose item is missing.
    type Taken;

    #[doc(hidden)]
    fn count(&self) -> usize;
    #[doc(hidden)]
    fn none_taken(&self) -> Self::Taken;
    /// Polls stream `i` if its item is missing. Returns `false` if the stream has ended.
    #[doc(hidden)]
    fn poll_at(&mut self, i: usize, taken: &mut Self::Taken, cx: &mut Context<'_>) -> Poll<bool>;
    /// Returns the size hint of stream `i`.
    #[doc(hidden)]
    fn hint_at(&self, i: usize) -> (usize, Option<usize>);
    #[doc(hidden)]
    fn has_at(taken: &Self::Taken, i: usize) -> bool;
    /// Takes the row. No item may be missing.
    #[doc(hidden)]
    fn row(taken: &mut Self::Taken) -> Self::Row;
}

fn poll_into<S>(stream: &mut S, place: &mut Option<S::Item>, cx: &mut Context<'_>) -> Poll<bool>
where
    S: Stream + Unpin,
{
    if place.is_none() {
        *place = ready!(Pin::new(stream).poll_next(cx));
    }
    Poll::Ready(place.is_some())
}

fn take<T>(place: &mut Option<T>) -> T {
    place.take().expect("the row must be complete")
}

impl<S> sealed::Sealed for Vec<S> {}

impl<S: Stream + Unpin> AzipSources for Vec<S> {
    type Row = Vec<S::Item>;
    type Taken = Vec<Option<S::Item>>;

    fn count(&self) -> usize {
        self.len()
    }

    fn none_taken(&self) -> Self::Taken {
        self.iter().map(|_| None).collect()
    }

    fn poll_at(&mut self, i: usize, taken: &mut Self::Taken, cx: &mut Context<'_>) -> Poll<bool> {
        poll_into(&mut self[i], &mut taken[i], cx)
    }

    fn hint_at(&self, i: usize) -> (usize, Option<usize>) {
        self[i].size_hint()
    }

    fn has_at(taken: &Self::Taken, i: usize) -> bool {
        taken[i].is_some()
    }

    fn row(taken: &mut Self::Taken) -> Self::Row {
        taken.iter_mut().map(take).collect()
    }
}

impl<S, const N: usize> sealed::Sealed for [S; N] {}

impl<S: Stream + Unpin, const N: usize> AzipSources for [S; N] {
    type Row = [S::Item; N];
    type Taken = [Option<S::Item>; N];

    fn count(&self) -> usize {
        N
    }

    fn none_taken(&self) -> Self::Taken {
        array::from_fn(|_| None)
    }

    fn poll_at(&mut self, i: usize, taken: &mut Self::Taken, cx: &mut Context<'_>) -> Poll<bool> {
        poll_into(&mut self[i], &mut taken[i], cx)
    }

    fn hint_at(&self, i: usize) -> (usize, Option<usize>) {
        self[i].size_hint()
    }

    fn has_at(taken: &Self::Taken, i: usize) -> bool {
        taken[i].is_some()
    }

    fn row(taken: &mut Self::Taken) -> Self::Row {
        taken.each_mut().map(take)
    }
}

macro_rules! tuples {
    ($($count:literal: $(($i:tt $S:ident))+;)+) => {$(
        impl<$($S),+> sealed::Sealed for ($($S,)+) {}

        impl<$($S: Stream + Unpin),+> AzipSources for ($($S,)+) {
            type Row = ($($S::Item,)+);
            type Taken = ($(Option<$S::Item>,)+);

            fn count(&self) -> usize {
                $count
            }

            fn none_taken(&self) -> Self::Taken {
                ($(None::<$S::Item>,)+)
            }

            fn poll_at(
                &mut self,
                i: usize,
                taken: &mut Self::Taken,
                cx: &mut Context<'_>,
            ) -> Poll<bool> {
                match i {
                    $($i => poll_into(&mut self.$i, &mut taken.$i, cx),)+
                    _ => unreachable!("there are {} streams", $count),
                }
            }

            fn hint_at(&self, i: usize) -> (usize, Option<usize>) {
                match i {
                    $($i => self.$i.size_hint(),)+
                    _ => unreachable!("there are {} streams", $count),
                }
            }

            fn has_at(taken: &Self::Taken, i: usize) -> bool {
                match i {
                    $($i => taken.$i.is_some(),)+
                    _ => unreachable!("there are {} streams", $count),
                }
            }

            fn row(taken: &mut Self::Taken) -> Self::Row {
                ($(take(&mut taken.$i),)+)
            }
        }
    )+};
}

tuples! {
    1: (0 A);
    2: (0 A) (1 B);
    3: (0 A) (1 B) (2 C);
    4: (0 A) (1 B) (2 C) (3 D);
    5: (0 A) (1 B) (2 C) (3 D) (4 E);
    6: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F);
    7: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G);
    8: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G) (7 H);
    9: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G) (7 H) (8 I);
    10: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G) (7 H) (8 I) (9 J);
    11: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G) (7 H) (8 I) (9 J) (10 K);
    12: (0 A) (1 B) (2 C) (3 D) (4 E) (5 F) (6 G) (7 H) (8 I) (9 J) (10 K) (11 L);
}
