use core::task::Poll;

use futures_core::stream::LocalBoxStream;
use stream_laws::Task;

use crate::{Cell, Clock, Line, Log, Marbles};

/// A row of a scene, and what it does.
pub(crate) struct Row {
    pub(crate) line: Line,
    pub(crate) role: Role,
}

/// What a row does in each tick.
pub(crate) enum Role {
    /// The source itself waits for its ticks.
    Source,
    /// Calls a function at each event.
    Input(Box<dyn FnMut(&Cell)>),
    /// Calls a function at each event, whose result is the event.
    Answers(Box<dyn FnMut() -> Cell>, Log),
    /// A task that reads a stream: at most one item in a tick.
    Reader(Reader),
    /// Recorded by other parties.
    Log(Log),
}

/// A task that reads a stream.
pub(crate) struct Reader {
    /// Taken in the tick in which the stream is made.
    make: Option<Box<dyn FnOnce() -> LocalBoxStream<'static, Cell>>>,
    /// `None` before that tick, and after the end.
    task: Option<Task<LocalBoxStream<'static, Cell>>>,
    /// The tick of the latest item.
    served: Option<usize>,
    /// The stream was not polled yet, or its latest poll returned an item.
    is_due: bool,
    /// The latest poll was pending.
    is_waiting: bool,
    /// Whether the ticks in which the task waits are recorded.
    records_waits: bool,
    log: Log,
}

impl Reader {
    pub(crate) fn new(
        clock: &Clock,
        make: impl FnOnce() -> LocalBoxStream<'static, Cell> + 'static,
    ) -> Self {
        Self {
            make: Some(Box::new(make)),
            task: None,
            served: None,
            is_due: true,
            is_waiting: false,
            records_waits: false,
            log: Log::new(clock),
        }
    }

    /// Records the ticks in which the task waits.
    pub(crate) fn recording_waits(mut self) -> Self {
        self.records_waits = true;
        self
    }
}

impl Row {
    /// Does what this row does in a tick, before any task runs.
    pub(crate) fn act(&mut self, tick: usize) {
        let cell = self.line.marbles.at(tick);
        let is_event = !matches!(cell, Cell::Nothing | Cell::Absent);
        match &mut self.role {
            Role::Input(act) if is_event => act(cell),
            Role::Answers(ask, log) if is_event => log.note(ask()),
            Role::Reader(reader) => {
                if tick == self.line.marbles.begin() {
                    let make = reader.make.take().expect("a reader begins once");
                    reader.task = Some(Task::new(make()));
                }
                if *cell == Cell::Dropped {
                    reader.task = None;
                }
            }
            _ => {}
        }
    }

    /// Polls the reader if it is due. Returns `true` if it was polled.
    pub(crate) fn read(&mut self, tick: usize) -> bool {
        let Role::Reader(reader) = &mut self.role else { return false };
        let is_busy = *self.line.marbles.at(tick) == Cell::Busy || reader.served == Some(tick);
        let Some(task) = reader.task.as_mut() else { return false };
        if is_busy || !(reader.is_due || task.is_woken()) {
            return false;
        }
        reader.is_due = false;
        let poll = task.poll();
        reader.is_waiting = poll.is_pending();
        match poll {
            Poll::Pending => {}
            Poll::Ready(Some(cell)) => {
                reader.log.note(cell);
                reader.served = Some(tick);
                reader.is_due = true;
            }
            Poll::Ready(None) => {
                reader.log.note(Cell::End);
                reader.task = None;
            }
        }
        true
    }

    /// Records that the producer has waited in this tick.
    pub(crate) fn record_wait(&self) {
        if let Role::Reader(reader) = &self.role
            && reader.records_waits
            && reader.is_waiting
            && reader.log.is_free()
        {
            reader.log.note(Cell::Waiting);
        }
    }

    /// What is recorded if the row is as its string says: without what controls the reader.
    pub(crate) fn expected(&self) -> Marbles {
        let is_reader = matches!(self.role, Role::Reader(_));
        let cells = self.line.marbles.cells().iter().map(|cell| match cell {
            Cell::Absent => Cell::Nothing,
            Cell::Busy | Cell::Dropped if is_reader => Cell::Nothing,
            cell => cell.clone(),
        });
        Marbles::new(cells).trimmed()
    }

    pub(crate) fn recorded(&self) -> Option<Marbles> {
        match &self.role {
            Role::Source | Role::Input(_) => None,
            Role::Answers(_, log) | Role::Log(log) => Some(log.marbles().trimmed()),
            Role::Reader(reader) => Some(reader.log.marbles().trimmed()),
        }
    }
}
