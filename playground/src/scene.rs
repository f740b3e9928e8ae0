//! What a scene is, and the table of all scenes.

use crate::{
    scenes,
    view::{Control, Count, Lane},
    world::World,
};

/// A small world around one part of the crates.
pub(crate) trait Scene {
    /// Handles a click: a verb and the name of the row, if the button belongs to one. Returns
    /// `false` if no button does this.
    fn act(&mut self, verb: &str, name: &str, world: &mut World) -> bool;

    /// Asks for the reads that are due at the new step.
    fn tick(&mut self, world: &mut World);

    /// Pushes what is due, after those reads.
    fn feed(&mut self, world: &mut World);

    /// Runs each task that was woken or asked to read. Returns `true` if there was one.
    fn run(&mut self, world: &mut World) -> bool;

    /// The number of items that are held, and the like.
    fn counts(&self) -> Vec<Count>;

    /// The buttons of the whole scene.
    fn controls(&self) -> Vec<Control>;

    /// The lists and the rows.
    fn lanes(&self) -> Vec<Lane>;
}

/// Makes a scene, with its first clicks done.
pub(crate) type Make = fn(&mut World) -> Box<dyn Scene>;

/// An entry of the table of scenes.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) caption: &'static str,
    /// The chapter of the book, below `docs/book/src`.
    pub(crate) chapter: &'static str,
    /// Makes the scene. `None` keeps a place for a scene that does not exist yet.
    pub(crate) make: Option<Make>,
}

/// The scenes in the order of the tabs.
pub(crate) const SCENES: &[Entry] = &[
    Entry {
        name: "list",
        title: "The list",
        caption: "Every cursor receives every item from its position on; what all have \
                  passed is freed.",
        chapter: "01-first-list.md",
        make: Some(scenes::list::make),
    },
    Entry {
        name: "share",
        title: "Share",
        caption: "Takers share one stream: each item goes to the taker that asks first.",
        chapter: "02-forks.md",
        make: Some(scenes::share::make),
    },
    Entry {
        name: "bounded",
        title: "Bounded",
        caption: "A push waits in line while the slowest cursor is full; a permit is room \
                  that waits for its item.",
        chapter: "03-bounding-memory.md",
        make: Some(scenes::bounded::make),
    },
    Entry {
        name: "lossy",
        title: "Lossy",
        caption: "A push never waits: a cursor that lags misses the oldest items, or is cut off.",
        chapter: "03-bounding-memory.md",
        make: Some(scenes::lossy::make),
    },
    Entry {
        name: "forker",
        title: "Forker",
        caption: "Any stream forks; a passive fork receives what active forks request, and \
                  pulls nothing.",
        chapter: "02-forks.md",
        make: Some(scenes::forker::make),
    },
    Entry {
        name: "gate",
        title: "Gate",
        caption: "A gate lets through as many items as it has permits for, and pulls none ahead.",
        chapter: "06-stopping.md",
        make: Some(scenes::gate::make),
    },
    Entry {
        name: "join",
        title: "Join",
        caption: "Streams that have items take turns, so a busy stream never drowns a quiet one.",
        chapter: "04-streams-of-streams.md",
        make: Some(scenes::join::make),
    },
    Entry {
        name: "map_par",
        title: "Parallel map",
        caption: "Three calls at a time: results come as they finish, or in the order of \
                  the source.",
        chapter: "05-parallel-work.md",
        make: Some(scenes::map_par::make),
    },
    Entry {
        name: "preload",
        title: "Preload",
        caption: "A task loads the next items while the consumer is busy with this one.",
        chapter: "05-parallel-work.md",
        make: Some(scenes::preload::make),
    },
    Entry {
        name: "progress",
        title: "Slow consumer",
        caption: "In a plain loop the calls rest while the body waits; for_each_progress \
                  keeps them going.",
        chapter: "05-parallel-work.md",
        make: Some(scenes::progress::make),
    },
    Entry {
        name: "stop",
        title: "Stop",
        caption: "A stopped list still delivers its items; a stopped stream ends and \
                  returns its source.",
        chapter: "06-stopping.md",
        make: Some(scenes::stop::make),
    },
    Entry {
        name: "time",
        title: "Time",
        caption: "Throttle, debounce and chunks, side by side over one source.",
        chapter: "05-parallel-work.md",
        make: None,
    },
];
