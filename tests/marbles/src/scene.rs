use alloc::rc::Rc;
use core::{cell::RefCell, fmt, future::Future};

use futures_core::{Stream, stream::LocalBoxStream};
use futures_util::{StreamExt, stream};
use stream_laws::Task;

use crate::{
    Cell, Clock, Diagram, Fault, Line, Log, Marble, Marbles, Source, Style,
    row::{Reader, Role, Row},
};

/// More polls in one tick are a loop without an end.
const MAX_POLLS: usize = 1_000;

/// A task of an adapter.
type Spawned = Task<LocalBoxStream<'static, ()>>;

/// A run of streams and handles in virtual time.
pub struct Scene {
    clock: Clock,
    title: Option<String>,
    /// The number of rows above the box.
    above: Option<usize>,
    rows: Vec<Row>,
    spawned: Rc<RefCell<Vec<Spawned>>>,
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scene").field("clock", &self.clock).finish_non_exhaustive()
    }
}

impl Default for Scene {
    fn default() -> Self {
        Self::new()
    }
}

fn parse(marbles: &str) -> Marbles {
    marbles.parse().unwrap_or_else(|error| panic!("{error}"))
}

impl Scene {
    /// Creates a scene without rows.
    pub fn new() -> Self {
        Self {
            clock: Clock::default(),
            title: None,
            above: None,
            rows: Vec::new(),
            spawned: Rc::default(),
        }
    }

    /// Returns the clock of the scene.
    pub fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Names the operation that the scene shows, unless it has a name. Puts its box below the rows
    /// that were added so far, unless [`box_here`](Self::box_here) did.
    ///
    /// The macros of this crate call it with the text of the code.
    pub fn operation(&mut self, text: &str) {
        self.above.get_or_insert(self.rows.len());
        self.title.get_or_insert_with(|| text.split_whitespace().collect::<Vec<_>>().join(" "));
    }

    /// Puts the box of the operation below the rows that were added so far.
    pub fn box_here(&mut self) {
        self.above = Some(self.rows.len());
    }

    fn row(&mut self, name: &str, marbles: &str, style: Style, role: Role) {
        let line = Line { name: name.into(), marbles: parse(marbles), style };
        self.rows.push(Row { line, role });
    }

    /// Adds a row for a source of letters.
    pub fn source(&mut self, name: &str, marbles: &str) -> Source<char> {
        self.source_of(name, marbles, Cell::letter)
    }

    /// Adds a row for a source of letters and errors.
    pub fn results(&mut self, name: &str, marbles: &str) -> Source<Result<char, Fault>> {
        self.source_of(name, marbles, |cell| match cell {
            Cell::Error => Err(Fault),
            cell => Ok(cell.letter()),
        })
    }

    /// Adds a row for a source, and makes its items out of the events.
    pub fn source_of<T>(
        &mut self,
        name: &str,
        marbles: &str,
        item: impl FnMut(&Cell) -> T,
    ) -> Source<T> {
        self.row(name, marbles, Style::Marbles, Role::Source);
        Source::new(&self.clock, &parse(marbles), item)
    }

    /// Adds a row for a source that is ready whenever it is polled. The row says when it is pulled.
    pub fn ready(
        &mut self,
        name: &str,
        marbles: &str,
        letters: &'static str,
    ) -> impl Stream<Item = char> + Unpin + use<> {
        self.log(name, marbles).pulls(stream::iter(letters.chars()))
    }

    /// Adds a row for a source that takes `ticks` ticks for each item and the end. They begin at a
    /// poll. The row says when it is pulled.
    pub fn paced(
        &mut self,
        name: &str,
        marbles: &str,
        letters: &'static str,
        ticks: usize,
    ) -> impl Stream<Item = char> + use<> {
        let clock = self.clock();
        self.log(name, marbles).pulls(stream::unfold(letters.chars(), move |mut rest| {
            let clock = clock.clone();
            async move {
                clock.after(ticks).await;
                rest.next().map(|letter| (letter, rest))
            }
        }))
    }

    /// Adds a row that calls `act` at each event.
    pub fn input(&mut self, name: &str, marbles: &str, act: impl FnMut(&Cell) + 'static) {
        self.row(name, marbles, Style::Marbles, Role::Input(Box::new(act)));
    }

    /// Adds a row of pushes: calls `push` at each letter, and drops the pusher at the end.
    pub fn pushes<P: 'static>(
        &mut self,
        name: &str,
        marbles: &str,
        pusher: P,
        mut push: impl FnMut(&mut P, char) + 'static,
    ) {
        let mut pusher = Some(pusher);
        self.input(name, marbles, move |cell| match (cell, &mut pusher) {
            (Cell::End, pusher) => *pusher = None,
            (cell, Some(pusher)) => push(pusher, cell.letter()),
            (cell, None) => panic!("{cell:?} after the end"),
        });
    }

    /// Adds a row of calls. See the macro [`calls`](crate::calls).
    pub fn calls(
        &mut self,
        name: &str,
        marbles: &str,
        texts: &[(char, &str)],
        mut act: impl FnMut(char) + 'static,
    ) {
        let texts = texts.iter().map(|(key, text)| (*key, (*text).into())).collect();
        let act = Box::new(move |cell: &Cell| act(cell.letter()));
        self.row(name, marbles, Style::Calls(texts), Role::Input(act));
    }

    /// Adds a row that calls `ask` at each event, and expects the event as its result.
    pub fn answers<M: Marble>(
        &mut self,
        name: &str,
        marbles: &str,
        mut ask: impl FnMut() -> M + 'static,
    ) {
        let role = Role::Answers(Box::new(move || ask().cell()), Log::new(&self.clock));
        self.row(name, marbles, Style::Marbles, role);
    }

    /// Adds a row of numbers, as [`answers`](Self::answers) does.
    pub fn numbers(&mut self, name: &str, marbles: &str, ask: impl FnMut() -> usize + 'static) {
        self.answers(name, marbles, ask);
        self.rows.last_mut().expect("a row").line.style = Style::Numbers;
    }

    /// Adds a row that other parties record.
    pub fn log(&mut self, name: &str, marbles: &str) -> Log {
        let log = Log::new(&self.clock);
        self.row(name, marbles, Style::Marbles, Role::Log(log.clone()));
        log
    }

    /// Adds a row of calls that other parties record.
    pub fn call_log(&mut self, name: &str, marbles: &str, texts: &[(char, &str)]) -> Log {
        let log = self.log(name, marbles);
        let texts = texts.iter().map(|(key, text)| (*key, (*text).into())).collect();
        self.rows.last_mut().expect("a row").line.style = Style::Calls(texts);
        log
    }

    /// Adds a row for a task that reads a stream, and expects its items.
    ///
    /// The task takes at most one item in a tick. It does not poll in the ticks of `=`. It is
    /// dropped at `.`.
    pub fn reader<S: Stream<Item: Marble> + 'static>(
        &mut self,
        name: &str,
        marbles: &str,
        stream: S,
    ) {
        self.later(name, marbles, move || stream);
    }

    /// Adds a row for a task that makes its stream at the first tick after the spaces, and reads
    /// it as [`reader`](Self::reader) does.
    pub fn later<S: Stream<Item: Marble> + 'static>(
        &mut self,
        name: &str,
        marbles: &str,
        make: impl FnOnce() -> S + 'static,
    ) {
        let reader = Reader::new(&self.clock, move || make().map(|item| item.cell()).boxed_local());
        self.row(name, marbles, Style::Marbles, Role::Reader(reader));
    }

    /// Adds a row for a task that pushes: it polls a stream of what it has pushed, as
    /// [`reader`](Self::reader) does. The ticks in which the stream is pending are `~`.
    pub fn producer<S: Stream<Item: Marble> + 'static>(
        &mut self,
        name: &str,
        marbles: &str,
        stream: S,
    ) {
        let reader = Reader::new(&self.clock, move || stream.map(|item| item.cell()).boxed_local());
        let role = Role::Reader(reader.recording_waits());
        self.row(name, marbles, Style::Marbles, role);
    }

    /// Returns a spawner of tasks of this scene.
    pub fn spawner<F: Future<Output = ()> + 'static>(&self) -> impl Fn(F) + Clone + use<F> {
        let spawned = Rc::clone(&self.spawned);
        move |future: F| {
            spawned.borrow_mut().push(Task::new(stream::once(future).boxed_local()));
        }
    }

    /// Runs all ticks.
    ///
    /// # Panics
    /// Panics if a row differs from its string.
    pub fn run(self) -> Diagram {
        let mut run = self.start();
        while run.tick < run.ticks {
            run.step();
        }
        run.finish()
    }

    /// Begins a run whose ticks the caller steps through, such as a thread that blocks.
    pub fn start(self) -> Run {
        let ticks = self.rows.iter().map(|row| row.line.marbles.len()).max().unwrap_or(0);
        Run { scene: self, tasks: Vec::new(), tick: 0, ticks }
    }

    fn check(&self) {
        let mut differs = false;
        let mut table = String::new();
        for row in &self.rows {
            let expected = row.expected();
            table += &format!("{:>24}  {}\n", row.line.name, row.line.marbles);
            if let Some(recorded) = row.recorded().filter(|recorded| *recorded != expected) {
                differs = true;
                table += &format!("{:>24}  {recorded}\n", "but was");
            }
        }
        assert!(!differs, "rows differ from their strings:\n{table}");
    }

    fn diagram(self) -> Diagram {
        let title = self.title.expect("the scene has an operation");
        let mut above: Vec<_> = self.rows.into_iter().map(|row| row.line).collect();
        let below = above.split_off(self.above.unwrap_or(0));
        Diagram { title, above, below }
    }
}

/// A scene that runs; made by [`Scene::start`].
pub struct Run {
    scene: Scene,
    tasks: Vec<Spawned>,
    /// The next tick.
    tick: usize,
    ticks: usize,
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("tick", &self.tick).finish_non_exhaustive()
    }
}

impl Run {
    /// Runs one tick.
    ///
    /// # Panics
    /// Panics if the rows have no more columns.
    pub fn step(&mut self) {
        let (tick, scene) = (self.tick, &mut self.scene);
        assert!(tick < self.ticks, "the scene has {tick} ticks");
        self.tick += 1;
        scene.clock.move_to(tick);
        scene.rows.iter_mut().for_each(|row| row.act(tick));
        let mut polls = 0;
        loop {
            self.tasks.append(&mut scene.spawned.borrow_mut());
            let mut polled = run_tasks(&mut self.tasks);
            polled += scene.rows.iter_mut().map(|row| usize::from(row.read(tick))).sum::<usize>();
            polls += polled;
            assert!(polls < MAX_POLLS, "endless loop in tick {tick}");
            if polled == 0 && scene.spawned.borrow().is_empty() {
                break;
            }
        }
        scene.rows.iter().for_each(Row::record_wait);
    }

    /// Compares all rows with their strings.
    ///
    /// # Panics
    /// Panics if a row differs.
    pub fn finish(self) -> Diagram {
        // What is busy to the end records it.
        self.scene.clock.move_to(self.ticks);
        drop(self.tasks);
        self.scene.check();
        self.scene.diagram()
    }
}

/// Polls each task that was woken or is new, and returns their number.
fn run_tasks(tasks: &mut Vec<Spawned>) -> usize {
    let mut polls = 0;
    tasks.retain_mut(|task| {
        let is_due = task.polls() == 0 || task.is_woken();
        polls += usize::from(is_due);
        !is_due || task.poll().is_pending()
    });
    polls
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Handle;

    fn letters(reader: &str) -> Diagram {
        let mut scene = Scene::new();
        let letters = scene.source("letters", "ab--c-|");
        scene.operation("none");
        scene.reader("reader", reader, letters);
        scene.run()
    }

    #[test]
    fn reader_takes_one_item_a_tick() {
        let mut scene = Scene::new();
        scene.operation("none");
        scene.reader("reader", "abc|", stream::iter("abc".chars()));
        assert_eq!(scene.run().below[0].marbles.to_string(), "abc|");
    }

    #[test]
    fn busy_reader_is_late() {
        letters("a==b=c|");
        letters("  abc-|");
        letters("ab--c.");
    }

    #[test]
    #[should_panic = "rows differ"]
    fn early_item_panics() {
        letters("ab-c--|");
    }

    #[test]
    #[should_panic = "rows differ"]
    fn missing_item_panics() {
        letters("ab----|");
    }

    #[test]
    #[should_panic = "rows differ"]
    fn missing_end_panics() {
        letters("ab--c--");
    }

    #[test]
    fn reader_is_polled_only_if_woken() {
        let mut polls = 0;
        let log = Handle::new(0);
        let count = log.clone();
        let mut scene = Scene::new();
        let mut letters = scene.source("letters", "a---b--");
        scene.operation("none");
        let counted = stream::poll_fn(move |cx| {
            polls += 1;
            *count.get() = polls;
            letters.poll_next_unpin(cx)
        });
        scene.reader("reader", "a---b--", counted);
        scene.run();
        assert_eq!(*log.get(), 4, "two items, and a pending poll behind each");
    }

    #[test]
    fn spawned_task_runs_in_its_ticks() {
        let mut scene = Scene::new();
        scene.operation("none");
        let (clock, log) = (scene.clock(), scene.log("body", "-a==b|"));
        scene.spawner()(async move {
            clock.after(1).await;
            let busy = log.begin(&'a');
            clock.after(3).await;
            drop(busy);
            log.note('b'.cell());
            clock.after(1).await;
            log.note(Cell::End);
        });
        scene.run();
    }
}
