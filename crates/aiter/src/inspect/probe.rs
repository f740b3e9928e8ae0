//! What a registry reads of a list, through a handle that does not keep the list from ending.

use alloc::boxed::Box;
use core::panic::{RefUnwindSafe, UnwindSafe};

use aiter_adapters::{
    BoundedPusher, LossyPusher, WeakBoundedPusher, WeakLossyPusher, WeighedPusher,
};
use aiter_core::{Pusher, WeakPusher};

/// The places of a bounded list.
#[derive(Clone, Copy, Debug)]
#[expect(unnameable_types, reason = "the trait is sealed")]
pub struct Places {
    pub used: Option<usize>,
    pub capacity: Option<usize>,
    pub waiting: usize,
}

/// A list of any type. No method runs user code.
#[expect(unnameable_types, reason = "the trait is sealed")]
pub trait Probe: Send + Sync + UnwindSafe + RefUnwindSafe {
    fn list_id(&self) -> usize;
    fn index(&self) -> usize;
    fn pushed(&self) -> usize;
    fn retained(&self) -> usize;
    fn pushers(&self) -> usize;
    fn cursors(&self) -> usize;
    fn is_stopped(&self) -> bool;
    fn places(&self) -> Places;
}

/// Weak handles, and how they find the weak pusher of the list inside.
macro_rules! probe {
    ($weak:ident, |$this:ident| $core:expr, $places:expr) => {
        impl<T: Send + 'static> Probe for $weak<T> {
            fn list_id(&self) -> usize {
                let $this = self;
                $core.list_id()
            }

            fn index(&self) -> usize {
                let $this = self;
                $core.index()
            }

            fn pushed(&self) -> usize {
                self.index().wrapping_sub(WeakPusher::<T>::first_index())
            }

            fn retained(&self) -> usize {
                let $this = self;
                $core.retained()
            }

            fn pushers(&self) -> usize {
                let $this = self;
                $core.pusher_count()
            }

            fn cursors(&self) -> usize {
                let $this = self;
                $core.cursor_count()
            }

            fn is_stopped(&self) -> bool {
                let $this = self;
                $core.is_stopped()
            }

            fn places(&self) -> Places {
                let $this = self;
                $places
            }
        }
    };
}

probe!(WeakPusher, |this| this, {
    let _ = this;
    Places { used: None, capacity: None, waiting: 0 }
});
probe!(
    WeakBoundedPusher,
    |this| this.core(),
    Places {
        used: Some(this.used()),
        capacity: Some(this.max_capacity()),
        waiting: this.waiting()
    }
);
probe!(
    WeakLossyPusher,
    |this| this.core(),
    Places { used: None, capacity: Some(this.max_capacity()), waiting: 0 }
);

/// A pusher of a list, of any kind: [`Pusher`], [`BoundedPusher`], [`LossyPusher`] or
/// [`WeighedPusher`].
///
/// The items are `Send + 'static`, because any thread may take a snapshot. Sealed. Passed to
/// [`Registry::list`](crate::inspect::Registry::list).
pub trait ListPusher: Sealed {}

/// What a registry needs of a pusher.
#[expect(unnameable_types, reason = "the trait is sealed")]
pub trait Sealed {
    fn probe(&self) -> Box<dyn Probe>;
}

impl<T: Send + 'static> ListPusher for Pusher<T> {}

impl<T: Send + 'static> Sealed for Pusher<T> {
    fn probe(&self) -> Box<dyn Probe> {
        Box::new(self.downgrade())
    }
}

impl<T: Send + 'static> ListPusher for BoundedPusher<T> {}

impl<T: Send + 'static> Sealed for BoundedPusher<T> {
    fn probe(&self) -> Box<dyn Probe> {
        Box::new(self.downgrade())
    }
}

impl<T: Send + 'static, W> ListPusher for WeighedPusher<T, W> {}

impl<T: Send + 'static, W> Sealed for WeighedPusher<T, W> {
    fn probe(&self) -> Box<dyn Probe> {
        Box::new(self.downgrade_inner())
    }
}

impl<T: Send + 'static> ListPusher for LossyPusher<T> {}

impl<T: Send + 'static> Sealed for LossyPusher<T> {
    fn probe(&self) -> Box<dyn Probe> {
        Box::new(self.downgrade())
    }
}
