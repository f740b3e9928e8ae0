use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{handle::SourceHandle, script_runner::ScriptRunner};
use crate::token::Token;

/// A future that follows a [`Script`](crate::Script) and returns one token at its end.
///
/// An item in the script ends the future as well.
///
/// # Examples
/// See the example of [`Laws::of_futures`](crate::Laws::of_futures).
#[must_use = "futures do nothing unless polled"]
pub struct ScriptedFuture {
    runner: ScriptRunner,
}

impl fmt::Debug for ScriptedFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScriptedFuture").field("handle", &self.runner.handle).finish()
    }
}

impl ScriptedFuture {
    pub(super) fn from_handle(handle: SourceHandle) -> Self {
        Self { runner: ScriptRunner { handle } }
    }
}

impl Future for ScriptedFuture {
    type Output = Token;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Token> {
        self.runner.poll(cx).map(|_| {
            self.runner.handle.set_ended();
            self.runner.handle.token(0)
        })
    }
}
