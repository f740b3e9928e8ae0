//! Calls that take some steps, and a record of those that run.

use std::{cell::RefCell, future::Future, rc::Rc, sync::Arc};

use crate::{
    clock::Clock,
    item::{Item, Token},
    view::{Form, Lane, Marble},
};

/// A call of an async function.
struct Call {
    token: Arc<Token>,
    begin: u32,
    steps: u32,
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

    /// Works on an item for some steps, from the first poll on.
    pub(crate) fn call(&self, item: Item, steps: u32) -> impl Future<Output = Item> + use<> {
        let Self { clock, calls } = self.clone();
        async move {
            let call = Call { token: item.token().clone(), begin: clock.now(), steps };
            calls.borrow_mut().push(call);
            clock.sleep(steps).await;
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
            .map(|(at, call)| Marble {
                part: (100 * (now - call.begin) / call.steps).min(100),
                ..Marble::new(&call.token, at)
            })
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
