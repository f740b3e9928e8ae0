//! The push list that feeds a scene, and a count of what an adapter pulls from it.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    sync::Arc,
    task::{Context, Poll},
};

use aiter::{Cursor, Pusher, push_list};
use futures_core::Stream;

use crate::{
    item::{Item, Token},
    view::{Control, Kind, Lane, Mark},
    world::{Auto, World, first_held, held_lane},
};

/// The pusher of a list, and all marbles that it has pushed.
pub(crate) struct Source {
    pub(crate) pusher: Pusher<Item>,
    pub(crate) pushed: Vec<Arc<Token>>,
    /// Number of items that each adapter has pulled.
    taps: Vec<Rc<Cell<usize>>>,
    auto: Auto,
}

impl Source {
    /// Makes a list. The program calls its pusher `pusher`.
    pub(crate) fn new(auto: bool) -> (Self, Cursor<Item>) {
        let (pusher, cursor) = push_list();
        let auto = Auto::new(auto);
        (Self { pusher, pushed: Vec::new(), taps: Vec::new(), auto }, cursor)
    }

    /// Counts what an adapter pulls from the cursor.
    pub(crate) fn tap(&mut self, cursor: Cursor<Item>) -> Tap {
        let pulled = Rc::<Cell<usize>>::default();
        self.taps.push(pulled.clone());
        Tap { cursor, pulled }
    }

    /// Number of items that the first adapter has pulled.
    pub(crate) fn pulled(&self) -> usize {
        self.taps[0].get()
    }

    /// A mark for each adapter, behind the items that it has pulled.
    pub(crate) fn tap_marks(&self, names: [&str; 2]) -> Vec<Mark> {
        let marks = names.iter().zip(&self.taps);
        let mark = |(name, tap): (&&str, &Rc<Cell<usize>>)| Mark {
            name: name.to_string(),
            at: tap.get(),
            sleeps: false,
            wakes: 0,
        };
        marks.map(mark).collect()
    }

    /// Pushes the next marble, or shows why it was refused.
    pub(crate) fn push(&mut self, world: &mut World) {
        let (item, token) = world.item();
        match self.pusher.push(item) {
            Ok(()) => {
                world.program.push("pusher", token.letter);
                world.event(Kind::Push, token.hue);
                self.pushed.push(token);
            }
            Err(error) => {
                world.program.import("aiter::PushErrorKind");
                world.program.line(format!(
                    "assert_eq!(pusher.push({:?}).unwrap_err().kind(), PushErrorKind::{:?});",
                    token.letter,
                    error.kind(),
                ));
                world.refuse(&token, error.to_string());
            }
        }
    }

    /// Handles the buttons of [`controls`](Self::controls).
    pub(crate) fn act(&mut self, verb: &str, world: &mut World) -> bool {
        match verb {
            "push" => self.push(world),
            "auto" => self.auto.on = !self.auto.on,
            "stop" => {
                self.pusher.stop();
                self.auto.on = false;
                world.program.line("pusher.stop();");
                world.event(Kind::Stop, 0);
            }
            _ => return false,
        }
        true
    }

    /// Pushes if a push is due.
    pub(crate) fn feed(&mut self, held: usize, world: &mut World) {
        if self.auto.is_due(world, held) {
            self.push(world);
        }
    }

    /// Pushes if a push is due, unless too many items wait for the adapter.
    pub(crate) fn feed_adapter(&mut self, world: &mut World) {
        self.feed(self.pushed.len() - first_held(&self.pushed), world);
    }

    /// The buttons `push`, `auto` and `stop`.
    pub(crate) fn controls(&self) -> [Control; 3] {
        let stopped = self.pusher.is_stopped();
        [
            Control::new("push", "push", "push an item"),
            Control::new("auto", "auto", "push an item about every two steps")
                .on(self.auto.on)
                .off(stopped),
            Control::new("stop", "stop", "stop the list").off(stopped),
        ]
    }

    /// The list with the items that it or the adapter holds.
    pub(crate) fn lane(&self, title: &str, marks: Vec<Mark>) -> Lane {
        held_lane("list", title, &self.pushed, marks)
    }
}

/// A cursor, with a count of the items that were pulled from it.
#[derive(Debug)]
pub(crate) struct Tap {
    cursor: Cursor<Item>,
    pulled: Rc<Cell<usize>>,
}

impl Stream for Tap {
    type Item = Item;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Item>> {
        let next = Pin::new(&mut self.cursor).poll_next(cx);
        if let Poll::Ready(Some(_)) = next {
            self.pulled.set(self.pulled.get() + 1);
        }
        next
    }
}
