use alloc::rc::Rc;
use core::cell::RefCell;
use std::panic::resume_unwind;

use aiter_adapters::{AiterExt, OnError};
use aiter_marbles::{Clock, Diagram, Fault, Log, Scene, Source, apply};

pictures!("aiter-adapters":
    map_filter, map_filter_async, map_par, map_par_ordered, catch_panics, map_par_with,
    map_try,
);

fn numbers(scene: &mut Scene, marbles: &str) -> Source<usize> {
    scene.source_of("numbers", marbles, |cell| cell.to_string().parse().expect("a number"))
}

fn map_filter(mut scene: Scene) -> Diagram {
    let numbers = numbers(&mut scene, "2--0-3---1|");
    let ranges = apply!(scene, numbers.map_filter(|n| 0..n));
    scene.reader("ranges", "01---012-0|", ranges);
    scene.run()
}

fn map_filter_async(mut scene: Scene) -> Diagram {
    let numbers = numbers(&mut scene, "2-0-1|");
    scene.box_here();
    let log = scene.log("range", "2==--0==1==");
    let clock = scene.clock();
    let range = move |n: usize| {
        let (log, clock) = (log.clone(), clock.clone());
        async move {
            let _busy = log.begin(&n);
            clock.after(3).await;
            0..n
        }
    };
    let ranges = apply!(scene, numbers.map_filter_async(range));
    scene.reader("ranges", "---01------0|", ranges);
    scene.run()
}

/// Rows of futures that run side by side. A future takes the first row that is free.
#[derive(Clone)]
struct Lanes {
    clock: Clock,
    rows: Rc<RefCell<Vec<(Log, bool)>>>,
}

impl Lanes {
    fn new(scene: &mut Scene, rows: &[&str]) -> Self {
        let clock = scene.clock();
        let row = |(n, row): (usize, &&str)| (scene.log(&format!("future {}", n + 1), row), false);
        let rows = rows.iter().enumerate().map(row).collect();
        Self { clock, rows: Rc::new(RefCell::new(rows)) }
    }

    /// Runs for some ticks, and makes a capital of the letter.
    async fn run(self, letter: char, ticks: usize) -> char {
        let (n, log) = {
            let mut rows = self.rows.borrow_mut();
            let free = |(log, taken): &(Log, bool)| !taken && log.is_free();
            let n = rows.iter().position(free).expect("a row is free");
            rows[n].1 = true;
            (n, rows[n].0.clone())
        };
        let busy = log.begin(&letter);
        self.clock.after(ticks).await;
        drop(busy);
        self.rows.borrow_mut()[n].1 = false;
        letter.to_ascii_uppercase()
    }
}

/// A function whose future takes longer for `a`.
fn upper(lanes: Lanes) -> impl Fn(char) -> futures_util::future::LocalBoxFuture<'static, char> {
    move |letter| {
        let ticks = if letter == 'a' { 5 } else { 2 };
        Box::pin(lanes.clone().run(letter, ticks))
    }
}

fn map_par(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abc---d---|");
    scene.box_here();
    let lanes = Lanes::new(&mut scene, &["a====-d=", "-b=c="]);
    let upper = upper(lanes);
    let mapped = apply!(scene, letters.map_par(2, upper));
    scene.reader("mapped", "---B-AC-D-|", mapped);
    scene.run()
}

fn map_par_ordered(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abc---d---|");
    scene.box_here();
    let lanes = Lanes::new(&mut scene, &["a====-d=", "-b=c="]);
    let upper = upper(lanes);
    let mapped = apply!(scene, letters.map_par(2, upper).ordered());
    scene.reader("mapped", "-----ABCD-|", mapped);
    scene.run()
}

fn catch_panics(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "a-b-c-|");
    let upper = |letter: char| async move {
        if letter == 'b' {
            // Without the panic hook, which would print.
            resume_unwind(Box::new("b"));
        }
        letter.to_ascii_uppercase()
    };
    let mapped = apply!(scene, letters.map_par(2, upper).catch_panics());
    scene.reader("mapped", "A-x-C-|", mapped);
    scene.run()
}

fn map_par_with(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abcdef");
    scene.box_here();
    let lanes = Lanes::new(&mut scene, &["a====d=-e=-f", "-b=c="]);
    let upper = upper(lanes);
    let spawn = scene.spawner();
    let mapped = apply!(scene, letters.map_par_with(2, spawn, upper));
    scene.reader("mapped", "---B====A==C", mapped);
    scene.run()
}

fn map_try(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "ab7-c-|");
    let letter = |letter: char| if letter.is_alphabetic() { Ok(letter) } else { Err(Fault) };
    let source = letters.clone();
    let all = apply!(scene, source.map_try(letter));
    scene.reader("OnError::Emit", "abx-c-|", all);
    scene.reader(
        "OnError::Skip",
        "ab--c-|",
        letters.clone().map_try(letter).on_error(OnError::Skip),
    );
    scene.reader("OnError::Stop", "abx|", letters.map_try(letter).on_error(OnError::Stop));
    scene.run()
}
