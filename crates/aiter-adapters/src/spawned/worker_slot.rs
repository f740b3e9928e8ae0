use crate::{
    spawned::{
        job::{Done, Note},
        sender::Inlet,
    },
    util::Caught,
};

/// A worker's side of the list, and the place of the call that it works at.
pub(crate) struct Desk<T> {
    pub(crate) at: Option<Done<T>>,
    pub(crate) inlet: Inlet<Note<T>>,
}

impl<T> Desk<T> {
    pub(crate) fn new(inlet: Inlet<Note<T>>) -> Self {
        Self { at: None, inlet }
    }

    /// Adds to what the call left. The first panic is the one that counts.
    pub(crate) fn note(&mut self, result: Option<T>, panic: Option<Caught>) {
        if let Some(Done { fate, .. }) = &mut self.at {
            fate.result = result.or(fate.result.take());
            fate.panic = fate.panic.take().or(panic);
        }
    }

    /// Hands in what the call left.
    pub(crate) fn hand_in(&mut self) {
        if let Some(done) = self.at.take() {
            if done.fate.panic.is_some() {
                self.inlet.report_caught();
            } else if done.fate.is_lost() {
                self.inlet.report_loss();
            }
            // Refused if the stream is gone.
            drop(self.inlet.push(Note::Done(done)));
        }
    }
}

impl<T> Drop for Desk<T> {
    fn drop(&mut self) {
        // Before the call is over for the stream, which may end by that.
        self.inlet.report_panic();
        self.hand_in();
        // Another worker is to take the next item.
        if self.inlet.is_idle() && self.inlet.is_short_of_tasks() {
            self.inlet.ask_for(1, Note::Hire);
        }
    }
}
