//! Calls that take some steps, and a record of those that run.

use std::{cell::RefCell, future::Future, rc::Rc, sync::Arc};

use crate::{
    clock::Clock,
    item::{Item, Token},
    view::{Form, Lane, Marble},
};

/// A call of an async function, which waits several times.
struct Call {
    token: Arc<Token>,
    waits: u32,
    /// The steps of each wait.
    steps: u32,
    done: u32,
    /// The step at which the current wait began.
    begin: u32,
}

impl Call {
    /// The part that is done, in percent. A call that is not polled stays at the end of a wait.
    fn part(&self, now: u32) -> u32 {
        let steps = self.done * self.steps + (now - self.begin).min(self.steps);
        (100 * steps / (self.waits * self.steps)).min(100)
    }
}

/// The calls of an adapter's function, in the order in which the adapter has made them.
#[derive(Clone)]
pub(crate) struct Work {
    clock: Rc<Clock>,
    calls: Rc<RefCell<Vec<Call>>>,
}

/// The function `steps` of the program, which is the same as [`steps`].
pub(crate) const STEPS: &str = "\
fn steps(letter: char) -> std::time::Duration {
    std::time::Duration::from_millis(u64::from(letter) * 7 % 5 + 2)
}";

/// The number of steps that the call for a letter takes.
pub(crate) fn steps(letter: char) -> u32 {
    u32::from(letter) * 7 % 5 + 2
}

impl Work {
    pub(crate) fn new(clock: &Rc<Clock>) -> Self {
        Self { clock: clock.clone(), calls: Rc::default() }
    }

    /// Works on an item, from the first poll on: waits some times, each time for some steps.
    pub(crate) fn call(
        &self,
        item: Item,
        waits: u32,
        steps: u32,
    ) -> impl Future<Output = Item> + use<> {
        let Self { clock, calls } = self.clone();
        async move {
            let (token, begin) = (item.token().clone(), clock.now());
            let at = calls.borrow().len();
            calls.borrow_mut().push(Call { token, waits, steps, done: 0, begin });
            for done in 1..=waits {
                clock.sleep(steps).await;
                let call = &mut calls.borrow_mut()[at];
                (call.done, call.begin) = (done, clock.now());
            }
            item
        }
    }

    /// The calls whose item was not `taken`. Each marble has the part that is done.
    pub(crate) fn lane(&self, id: &str, title: String, taken: &[Arc<Token>]) -> Lane {
        let calls = self.calls.borrow();
        let now = self.clock.now();
        let open = calls.iter().filter(|call| !taken.iter().any(|t| t.id == call.token.id));
        let marbles: Vec<_> = open
            .enumerate()
            .map(|(at, call)| Marble { part: call.part(now), ..Marble::new(&call.token, at) })
            .collect();
        Lane {
            id: id.into(),
            form: Form::Work,
            title,
            total: marbles.len(),
            marbles,
            ..Lane::default()
        }
    }
}
