//! A slow consumer of parallel calls: a plain loop, and `for_each_progress`.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use aiter::AiterExt;

use crate::{
    clock::Task,
    item::{Item, Token},
    scene::Scene,
    source::Source,
    view::{Control, Count, Lane, Marble},
    work::Work,
    world::World,
};

/// The number of calls at a time.
const CALLS: usize = 2;
/// How often a call waits for a step.
const WAITS: u32 = 4;
/// The steps of the loop's body.
const BODY: u32 = 2;

/// The items whose body has begun.
type Done = Rc<RefCell<Vec<Arc<Token>>>>;

struct Consumer {
    name: &'static str,
    title: &'static str,
    work: Work,
    task: Task,
    done: Done,
}

struct ProgressScene {
    source: Source,
    consumers: [Consumer; 2],
}

pub(crate) fn make(world: &mut World) -> Box<dyn Scene> {
    let (mut source, cursor) = Source::new(true);
    let program = &mut world.program;
    program.line(format!(
        "let call = |letter: char| async move {{\n\
         \x20   for _ in 0..{WAITS} {{\n\
         \x20       smol::Timer::after(std::time::Duration::from_millis(1)).await;\n\
         \x20   }}\n\
         \x20   letter\n\
         }};\n\
         let body = |letter: char| async move {{\n\
         \x20   smol::Timer::after(std::time::Duration::from_millis({BODY})).await;\n\
         \x20   println!(\"{{letter}}\");\n\
         }};\n\
         let (pusher, cursor) = push_list();\n\
         let fork = cursor.fork();"
    ));
    program.tail(format!(
        "drop(pusher);\n\
         // The calls rest while the body waits.\n\
         let mut results = cursor.map_par({CALLS}, call);\n\
         while let Some(letter) = results.next().await {{\n\
         \x20   body(letter).await;\n\
         }}\n\
         // The calls go on while the body waits.\n\
         fork.map_par({CALLS}, call).for_each_progress(body).await;"
    ));
    let clock = &world.clock;
    let works = [Work::new(clock), Work::new(clock)];
    let done: [Done; 2] = Default::default();
    let call = |work: &Work| {
        let work = work.clone();
        move |item: Item| work.call(item, WAITS, 1)
    };
    let body = |done: &Done| {
        let (clock, done) = (clock.clone(), done.clone());
        move |item: Item| {
            done.borrow_mut().push(item.token().clone());
            clock.sleep(BODY)
        }
    };
    let [plain_body, progress_body] = [body(&done[0]), body(&done[1])];
    let fork = source.tap(cursor.fork());
    let cursor = source.tap(cursor);
    let mut results = fork.map_par(CALLS, call(&works[0]));
    let plain = async move {
        while let Some(item) = results.next().await {
            plain_body(item).await;
        }
    };
    let progress = cursor.map_par(CALLS, call(&works[1])).for_each_progress(progress_body);
    let tasks = [Task::new(plain), Task::new(progress)];
    let names = [("A", "plain loop"), ("B", "for_each_progress")];
    let mut parts = works.into_iter().zip(done).zip(tasks);
    let consumers = names.map(|(name, title)| {
        let ((work, done), task) = parts.next().expect("there are two of each");
        Consumer { name, title, work, task, done }
    });
    let mut scene = ProgressScene { source, consumers };
    for _ in 0..10 {
        scene.source.push(world);
    }
    Box::new(scene)
}

impl Scene for ProgressScene {
    fn act(&mut self, verb: &str, _: &str, world: &mut World) -> bool {
        self.source.act(verb, world)
    }

    fn tick(&mut self, _: &mut World) {}

    fn feed(&mut self, world: &mut World) {
        self.source.feed(self.source.pusher.retained(), world);
    }

    fn run(&mut self, _: &mut World) -> bool {
        self.consumers.iter_mut().fold(false, |ran, consumer| ran | consumer.task.run())
    }

    fn counts(&self) -> Vec<Count> {
        let [a, b] = &self.consumers;
        vec![
            Count { name: "pushed", value: self.source.pushed.len() },
            Count { name: "A handled", value: a.done.borrow().len() },
            Count { name: "B handled", value: b.done.borrow().len() },
        ]
    }

    fn controls(&self) -> Vec<Control> {
        self.source.controls().into()
    }

    fn lanes(&self) -> Vec<Lane> {
        let title =
            format!("the source: a call waits {WAITS} times for a step, the body takes {BODY}");
        let mut lanes = vec![self.source.lane(&title, self.source.tap_marks(["A", "B"]))];
        for consumer in &self.consumers {
            let done = consumer.done.borrow();
            let about = format!("{CALLS} calls at a time");
            let mut work = consumer.work.lane(&format!("work-{}", consumer.name), about, &done);
            work.badge = consumer.name.into();
            let first = done.len().saturating_sub(64);
            lanes.push(work);
            lanes.push(Lane {
                id: format!("done-{}", consumer.name),
                badge: consumer.name.into(),
                title: consumer.title.into(),
                state: if consumer.task.is_done() { "ended" } else { "idle" },
                wakes: consumer.task.wakes(),
                total: done.len(),
                marbles: (first..done.len()).map(|at| Marble::new(&done[at], at)).collect(),
                ..Lane::default()
            });
        }
        lanes
    }
}
