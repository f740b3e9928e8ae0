//! State that user code reaches without a handle: random numbers, the registries of items and
//! wakers, the trace, and the call-back into the world.
//!
//! One thread runs one seed at a time, so a thread-local holds it.

use alloc::{boxed::Box, format, rc::Rc, string::String, vec::Vec};
use core::{
    any::Any,
    cell::{Cell, RefCell},
    fmt,
    panic::AssertUnwindSafe,
};
use std::{
    panic::{catch_unwind, resume_unwind},
    thread::panicking,
};

use crate::{item::ItemRegistry, random::Random, waker::WakerRegistry};

/// Maximum depth of operations inside call-backs.
const MAX_DEPTH: usize = 4;

thread_local! {
    static BASE: RefCell<Option<Rc<Base>>> = const { RefCell::new(None) };
}

/// Returns the state of the seed that this thread runs.
pub(crate) fn base() -> Rc<Base> {
    BASE.with_borrow(Clone::clone).expect("user code runs within a seed only")
}

/// The kind of user code that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Site {
    Clone,
    Drop,
    WakerClone,
    Wake,
    WakeByRef,
    WakerDrop,
    Iterator,
    Preflight,
    Source,
    Member,
}

const SITES: usize = 10;

/// The payload of an injected panic.
struct Injected;

/// Runs random operations.
pub(crate) trait World {
    /// Runs one operation, inside a call-back of `site` if given.
    fn step(&self, site: Option<Site>);
}

pub(crate) struct Base {
    pub(crate) random: Random,
    pub(crate) items: ItemRegistry,
    pub(crate) wakers: WakerRegistry,
    world: RefCell<Option<Rc<dyn World>>>,
    /// On average, one of this many call-backs runs operations.
    reenters: usize,
    /// On average, one of this many call-backs of each site panics.
    panics: [usize; SITES],
    depth: Cell<usize>,
    /// Remaining number of operations inside call-backs.
    left: Cell<usize>,
    muted: Cell<bool>,
    /// Number of operations that have begun.
    operations: Cell<usize>,
    /// Number of injected panics.
    injected: Cell<usize>,
    traces: bool,
    failures: RefCell<Vec<String>>,
}

impl Base {
    /// Creates the state of a seed. `base` returns it on this thread.
    pub(crate) fn begin(seed: u64, traces: bool) -> Rc<Self> {
        let random = Random::new(seed);
        let reenters = random.pick(&[0, 2, 3, 6, 12]);
        let rate = random.pick(&[0, 8, 30, 100]);
        let panics = core::array::from_fn(|_| rate * random.below(3));
        let base = Rc::new(Self {
            random,
            items: ItemRegistry::default(),
            wakers: WakerRegistry::default(),
            world: RefCell::new(None),
            reenters,
            panics,
            depth: Cell::new(0),
            left: Cell::new(if cfg!(miri) { 60 } else { 2000 }),
            muted: Cell::new(false),
            operations: Cell::new(0),
            injected: Cell::new(0),
            traces,
            failures: RefCell::new(Vec::new()),
        });
        base.log(format_args!("call-backs 1/{reenters}, panics 1/{panics:?}"));
        BASE.set(Some(base.clone()));
        base
    }

    /// Maximum number of operations of a seed, without those inside call-backs.
    pub(crate) fn longest(&self) -> usize {
        if cfg!(miri) { 60 } else { 700 }
    }

    pub(crate) fn set_world(&self, world: Option<Rc<dyn World>>) {
        drop(self.world.replace(world));
    }

    /// Runs random operations on other handles, and panics at random. User code calls this.
    pub(crate) fn call_back(&self, site: Site) {
        if self.muted.get() {
            return;
        }
        if self.depth.get() < MAX_DEPTH && self.random.one_in(self.reenters) {
            for _ in 0..=self.random.below(2) {
                self.run_inside(site);
            }
        }
        if !panicking() && self.random.one_in(self.panics[site as usize]) {
            self.log(format_args!("panics in {site:?}"));
            self.injected.set(self.injected.get() + 1);
            resume_unwind(Box::new(Injected));
        }
    }

    fn run_inside(&self, site: Site) {
        let Some(world) = self.world.borrow().clone() else { return };
        let Some(left) = self.left.get().checked_sub(1) else { return };
        self.left.set(left);
        self.log(format_args!("call-back in {site:?}"));
        if self.random.one_in(2) {
            self.run(|| world.step(Some(site)));
        } else {
            self.at_depth(|| world.step(Some(site)));
        }
    }

    /// Runs an operation and catches its panic. Returns `true` if there was none.
    pub(crate) fn run(&self, operation: impl FnOnce()) -> bool {
        let result = catch_unwind(AssertUnwindSafe(|| self.at_depth(operation)));
        if let Err(payload) = &result {
            if !payload.is::<Injected>() {
                self.fail(format_args!("a panic that was not injected: {}", text_of(&**payload)));
            }
        }
        result.is_ok()
    }

    fn at_depth(&self, operation: impl FnOnce()) {
        struct Depth<'a>(&'a Cell<usize>);
        impl Drop for Depth<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.operations.set(self.operations.get() + 1);
        self.depth.set(self.depth.get() + 1);
        let _depth = Depth(&self.depth);
        operation();
    }

    /// Runs `f` while user code neither calls back nor panics.
    pub(crate) fn mute<R>(&self, f: impl FnOnce() -> R) -> R {
        let before = self.muted.replace(true);
        let result = f();
        self.muted.set(before);
        result
    }

    /// Stops all call-backs from running operations.
    pub(crate) fn end_call_backs(&self) {
        self.left.set(0);
    }

    /// Returns `true` if the current operation is not inside a call-back.
    pub(crate) fn is_outermost(&self) -> bool {
        self.depth.get() == 1
    }

    /// Returns a value that changes with each operation and each injected panic.
    pub(crate) fn moment(&self) -> (usize, usize) {
        (self.operations.get(), self.injected.get())
    }

    pub(crate) fn log(&self, text: fmt::Arguments<'_>) {
        if self.traces {
            std::eprintln!("{:1$}{text}", "", 2 * self.depth.get());
        }
    }

    /// Records a failure. A panic could be lost in a call-back.
    pub(crate) fn fail(&self, text: fmt::Arguments<'_>) {
        self.log(format_args!("FAILED: {text}"));
        self.failures.borrow_mut().push(format!("{text}"));
    }

    pub(crate) fn check(&self, holds: bool, text: fmt::Arguments<'_>) {
        if !holds {
            self.fail(text);
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        !self.failures.borrow().is_empty()
    }

    pub(crate) fn take_failures(&self) -> Vec<String> {
        self.failures.take()
    }
}

fn text_of(payload: &dyn Any) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (_, Some(text)) => text,
        _ => "no text",
    }
}
