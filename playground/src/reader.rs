//! A task that reads a stream, when it is asked to.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker},
};

use futures_core::Stream;

use crate::{
    clock::Wakes,
    item::{Item, Token},
    view::{Control, Kind, Lane, Marble, Mark},
    world::World,
};

/// Number of items of a track that a snapshot contains.
const SHOWN: usize = 64;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Sleeps,
    Ended,
}

/// What the program says of a read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// Asserts each item, and that polls without an item return `Pending`.
    All,
    /// Asserts each item.
    Items,
    /// Prints each item, because the order depends on time.
    Prints,
}

/// A stream and its task. The task polls only for a read that was asked for, and after
/// `Pending` only if it was woken.
pub(crate) struct Reader<S> {
    pub(crate) name: String,
    pub(crate) stream: S,
    /// Reads again after this number of steps, if `run` is set.
    pub(crate) pace: u32,
    pub(crate) run: bool,
    pub(crate) log: Log,
    asked: usize,
    state: State,
    last_read: u32,
    seen_wakes: u32,
    wakes: Arc<Wakes>,
    pub(crate) got: Vec<Arc<Token>>,
}

impl<S> Reader<S> {
    pub(crate) fn new(name: impl Into<String>, stream: S) -> Self {
        Self {
            name: name.into(),
            stream,
            pace: 1,
            run: false,
            log: Log::All,
            asked: 0,
            state: State::Idle,
            last_read: 0,
            seen_wakes: 0,
            wakes: Arc::default(),
            got: Vec::new(),
        }
    }

    /// Goes on with another stream, which is made of this one.
    pub(crate) fn map<R>(self, f: impl FnOnce(S) -> R) -> Reader<R> {
        let Self { name, stream, pace, run, log, asked, last_read, got, .. } = self;
        let mut reader = Reader::new(name, f(stream));
        reader.asked = asked;
        Reader { pace, run, log, last_read, got, ..reader }
    }

    /// Reads by itself, one item in `pace` steps.
    pub(crate) fn running(self, pace: u32) -> Self {
        Self { run: true, pace, ..self }
    }

    /// The name of the variable in the program.
    pub(crate) fn variable(&self) -> String {
        self.name.to_lowercase()
    }

    pub(crate) fn sleeps(&self) -> bool {
        self.state == State::Sleeps
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.state == State::Ended
    }

    /// Asks for one more item.
    pub(crate) fn ask(&mut self) {
        self.asked += 1;
    }

    /// Handles a button of this reader's row. Returns `false` if it is not one of these.
    pub(crate) fn act(&mut self, verb: &str) -> bool {
        match verb {
            "next" => self.ask(),
            "run" => self.run = !self.run,
            _ => return false,
        }
        true
    }

    /// Asks if a read is due by the clock.
    pub(crate) fn tick(&mut self, world: &World) {
        if self.run && self.asked == 0 && world.clock.now() >= self.last_read + self.pace {
            self.ask();
        }
    }

    /// A mark below a list.
    pub(crate) fn mark(&self, at: usize) -> Mark {
        Mark { name: self.name.clone(), at, sleeps: self.sleeps(), wakes: self.wakes.count() }
    }

    /// The row of this reader, with the buttons that every reader has.
    pub(crate) fn lane(&self, title: &str, note: String) -> Lane {
        let total = self.got.len();
        let first = total.saturating_sub(SHOWN);
        let name = &self.name;
        Lane {
            id: format!("reader-{name}"),
            badge: name.clone(),
            title: title.into(),
            note,
            state: match self.state {
                State::Idle => "idle",
                State::Sleeps => "sleeps",
                State::Ended => "ended",
            },
            wakes: self.wakes.count(),
            total,
            marbles: (first..total).map(|at| Marble::new(&self.got[at], at)).collect(),
            controls: vec![
                Control::new(format!("next {name}"), "next", format!("{name}: read one item"))
                    .off(self.has_ended()),
                Control::new(format!("run {name}"), "run", format!("{name}: keep reading"))
                    .on(self.run)
                    .off(self.has_ended()),
            ],
            ..Lane::default()
        }
    }
}

impl<S: Stream<Item = Item> + Unpin> Reader<S> {
    /// Reads what was asked for. Returns `true` if it has polled the stream.
    pub(crate) fn drive(&mut self, world: &mut World) -> bool {
        let mut polled = false;
        while self.asked > 0 && !self.has_ended() {
            let woken = self.wakes.take();
            if self.sleeps() {
                if !woken {
                    break;
                }
                if self.seen_wakes < self.wakes.count() {
                    world.event(Kind::Wake, 0);
                }
            }
            self.seen_wakes = self.wakes.count();
            polled = true;
            self.poll(world);
            if self.sleeps() {
                break;
            }
        }
        polled
    }

    fn poll(&mut self, world: &mut World) {
        let waker = Waker::from(self.wakes.clone());
        let name = self.variable();
        match Pin::new(&mut self.stream).poll_next(&mut Context::from_waker(&waker)) {
            Poll::Pending => {
                self.state = State::Sleeps;
                world.event(Kind::Sleep, 0);
                if self.log == Log::All {
                    world.program.sleeps(&name);
                }
            }
            Poll::Ready(item) => {
                self.asked -= 1;
                self.last_read = world.clock.now();
                self.state = if item.is_some() { State::Idle } else { State::Ended };
                let token = item.map(|item| item.token().clone());
                let letter = token.as_ref().map(|token| token.letter);
                if self.log == Log::Prints {
                    world.program.needs_mut(&name);
                    let line = format!("println!(\"{name}: {{:?}}\", {name}.next().await);");
                    world.program.line(line);
                } else {
                    world.program.read(&name, letter);
                }
                if let Some(token) = token {
                    world.event(Kind::Read, token.hue);
                    self.got.push(token);
                }
            }
        }
    }
}
