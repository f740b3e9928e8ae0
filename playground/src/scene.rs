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

/// An entry of the table of scenes.
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    pub(crate) caption: &'static str,
    /// The chapter of the book, below `docs/book/src`.
    pub(crate) chapter: &'static str,
    /// Makes the scene. `None` keeps a place for a scene that does not exist yet.
    pub(crate) make: Option<fn(&mut World) -> Box<dyn Scene>>,
}

/// The scenes in the order of the tabs.
pub(crate) const SCENES: &[Entry] = &[Entry {
    name: "list",
    title: "The list",
    caption: "Every cursor receives every item from its position on; what all have passed is \
                  freed.",
    chapter: "01-first-list.md",
    make: Some(scenes::list::make),
}];
