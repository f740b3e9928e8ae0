use core::fmt;
use core::time::Duration;

/// Why a wait cannot end, or must not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stuck {
    /// Pending, and nobody has kept the waker.
    NobodyWakes,
    /// Pending, and the waker lies with an executor that waits for this thread.
    Starved,
    /// Woken again and again by the stream's own poll: so often, for so long.
    Spinning { polls: u32, time: Duration },
    /// Inside a future under `forbid_blocking`.
    Forbidden,
    /// Longer than the caller was ready to wait.
    OutOfPatience(Duration),
    /// The same, in the middle of a poll by another `BlockOn` of this thread.
    NestedOutOfPatience(Duration),
}

/// What works in all of these cases.
const RECIPE: &str = "\nWhat works: `.await` the items; or iterate on a thread that may block: inside \
    `tokio::task::spawn_blocking(move || ..)`, `smol::unblock(move || ..)` or \
    `std::thread::spawn(move || ..)`. See \"Where it hangs, and what to do\" in the documentation of \
    `aiter-executor-compat`.";

impl Stuck {
    #[cold]
    pub(crate) fn fail(self) -> ! {
        panic!("aiter: {self}")
    }
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NobodyWakes => f.write_str(
                "blocked for ever: the stream is pending and nobody holds its waker, so nothing can \
                 wake this thread. Either what should feed the stream is gone, or the stream returns \
                 `Poll::Pending` without keeping the waker.",
            ),
            Self::Starved => write!(
                f,
                "blocked on an executor's own thread: the stream waits until the task around this \
                 loop gives the thread back, as the task's cooperative budget is used up (tokio's is \
                 128 items), and a blocked thread never does.{RECIPE}",
            ),
            Self::Spinning { polls, time } => write!(
                f,
                "blocked in a spin: {polls} polls in {time:.1?} have given no item, each of them has \
                 asked for the next one itself, and nothing else has woken this thread. This has one \
                 of two causes. Either the thread is a runtime's, and the cooperative budget of what it \
                 runs is used up (tokio's is 128 items): then nothing will ever change.{RECIPE} There, \
                 `|next| handle.block_on(next)` serves a stream that needs its runtime.\nOr the stream \
                 is at work, yields, and has not come to an item for so long: then say that the thread \
                 may block, by `allow_blocking(|| ..)` around the loop, or how long an item may take, by \
                 `BlockOn::new().patience(limit).iter(stream)`.",
            ),
            Self::Forbidden => write!(
                f,
                "about to block inside a future that `forbid_blocking` guards: the executor's thread \
                 would stand still, and with it whatever feeds the stream from there.{RECIPE}",
            ),
            Self::OutOfPatience(limit) => write!(
                f,
                "no item within the {limit:?} of `BlockOn::patience`. If this is an executor's thread, \
                 what feeds the stream may be a task of the same thread, which cannot run meanwhile, or \
                 the task's cooperative budget may be used up (tokio's is 128 items), which a blocked \
                 thread never gets anew.{RECIPE}",
            ),
            Self::NestedOutOfPatience(limit) => write!(
                f,
                "no item within the {limit:?} of `BlockOn::patience`, nested in another `block_on` of \
                 the same thread: what feeds the stream may be inside that one, which cannot go on \
                 meanwhile.{RECIPE}",
            ),
        }
    }
}
