//! A running scene, its history, and its commands.

use serde_json::json;

use crate::{
    scene::{Entry, SCENES, Scene},
    view::View,
    world::World,
};

/// A scene with its seed and with all clicks so far, so that it can run again.
pub struct Playground {
    entry: &'static Entry,
    seed: u64,
    scene: Box<dyn Scene>,
    world: World,
    /// The step and the text of each click.
    clicks: Vec<(u32, String)>,
    /// Clicks of the run that is repeated, and its last step.
    replay: Option<(Vec<(u32, String)>, u32)>,
}

impl std::fmt::Debug for Playground {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Playground")
            .field("scene", &self.entry.name)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Playground {
    /// Starts a scene. An unknown name starts the first one.
    pub fn new(name: &str, seed: u64) -> Self {
        let shown = |entry: &&Entry| entry.make.is_some();
        let entry = SCENES.iter().filter(shown).find(|e| e.name == name).unwrap_or(&SCENES[0]);
        let mut world = World::new(seed);
        let make = entry.make.expect("only scenes that exist are found");
        let mut scene = make(&mut world);
        while scene.run(&mut world) {}
        Self { entry, seed, scene, world, clicks: Vec::new(), replay: None }
    }

    /// The names of all scenes that are shown.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SCENES.iter().filter(|entry| entry.make.is_some()).map(|entry| entry.name)
    }

    /// Runs a command of the page and returns its answer as JSON.
    ///
    /// - `scenes`: the table of the scenes.
    /// - `scene NAME SEED`: starts a scene.
    /// - `replay`: starts the same scene again and repeats all clicks.
    /// - `tick`: moves on by one step.
    /// - `view`: changes nothing.
    /// - Anything else is a click.
    ///
    /// The answer is a snapshot, except that of `scenes`.
    pub fn command(&mut self, command: &str) -> String {
        let mut words = command.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some("scenes"), ..) => return Self::table(),
            (Some("scene"), Some(name), seed) => {
                let seed = seed.and_then(|seed| seed.parse().ok()).unwrap_or(1);
                *self = Self::new(name, seed);
            }
            (Some("replay"), ..) => {
                let replay = (self.clicks.clone(), self.world.clock.now());
                *self = Self::new(self.entry.name, self.seed);
                self.replay = Some(replay);
                self.repeat_clicks();
            }
            (Some("tick"), ..) => self.tick(),
            (Some("view"), ..) => {}
            _ => self.click(command),
        }
        serde_json::to_string(&self.view()).expect("a snapshot has no map with odd keys")
    }

    /// The program that the scene has run so far.
    pub fn program(&self) -> String {
        self.world.program.text()
    }

    /// The commands of all buttons that can be clicked now.
    pub fn clickable(&self) -> Vec<String> {
        let lanes = self.scene.lanes();
        let rows = lanes.into_iter().flat_map(|lane| lane.controls);
        let all = self.scene.controls().into_iter().chain(rows);
        all.filter(|control| !control.off).map(|control| control.act).collect()
    }

    /// Moves on by one step.
    pub fn tick(&mut self) {
        self.world.clock.tick();
        self.scene.tick(&mut self.world);
        self.run();
        self.scene.feed(&mut self.world);
        self.run();
        self.repeat_clicks();
    }

    /// Clicks a button. A click ends a replay.
    pub fn click(&mut self, act: &str) {
        self.replay = None;
        self.act(act);
    }

    fn act(&mut self, act: &str) {
        let (verb, name) = act.split_once(' ').unwrap_or((act, ""));
        if self.scene.act(verb, name, &mut self.world) {
            self.clicks.push((self.world.clock.now(), act.into()));
        }
        self.run();
    }

    /// Repeats the clicks of this step.
    fn repeat_clicks(&mut self) {
        let now = self.world.clock.now();
        let Some((clicks, last)) = self.replay.take() else { return };
        for (_, act) in clicks.iter().filter(|click| click.0 == now) {
            self.act(act);
        }
        if now < last {
            self.replay = Some((clicks, last));
        }
    }

    fn run(&mut self) {
        while self.scene.run(&mut self.world) {}
    }

    fn table() -> String {
        let shown = SCENES.iter().filter(|entry| entry.make.is_some());
        shown
            .map(|e| json!({ "name": e.name, "title": e.title }))
            .collect::<serde_json::Value>()
            .to_string()
    }

    fn view(&self) -> View {
        let now = self.world.clock.now();
        View {
            scene: self.entry.name,
            title: self.entry.title,
            caption: self.entry.caption,
            chapter: self.entry.chapter,
            seed: self.seed,
            step: now,
            replay: self.replay.as_ref().map_or(0, |replay| replay.1 - now),
            counts: self.scene.counts(),
            controls: self.scene.controls(),
            lanes: self.scene.lanes(),
            events: self.world.events(),
            refusal: self.world.refusal.clone(),
            code: self.program(),
        }
    }
}
