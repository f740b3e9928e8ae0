use core::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll},
};

use super::{control::Control, cue::Cue};
use crate::token::Token;

/// A future that follows a [`Script`](crate::Script) and gives one token at its end.
///
/// Items in the script count as its end.
#[must_use = "futures do nothing unless polled"]
pub struct Work {
    cue: Cue,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("control", &self.cue.control).finish()
    }
}

impl Work {
    pub(super) fn of(control: Control) -> Self {
        Self { cue: Cue::new(control) }
    }
}

impl Future for Work {
    type Output = Token;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Token> {
        self.cue.poll(cx).map(|_| {
            self.cue.end();
            self.cue.control.token(0)
        })
    }
}
