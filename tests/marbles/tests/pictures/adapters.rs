use std::collections::HashMap;

use aiter_adapters::{AiterExt, OnError};
use aiter_marbles::{Cell, Diagram, Scene, Source, apply, calls};
use futures_core::Stream;
use futures_util::StreamExt;

pictures!("aiter-adapters":
    active, active_bounded, azip, azip_strict, flatten_iter, for_each_progress, gated,
    iter_to_aiter, join_streams, keyed, max_inner, preload, preload_with,
    sharable, stoppable, try_join_streams,
);

fn active(mut scene: Scene) -> Diagram {
    let letters = scene.paced("pulled", "-abcd|", "abcd", 1);
    let spawn = scene.spawner();
    let active = apply!(scene, letters.active(spawn));
    scene.reader("active", "-a==b==c==d==|", active);
    scene.run()
}

fn active_bounded(mut scene: Scene) -> Diagram {
    let letters = scene.paced("pulled", "-abc--d---e", "abcdef", 1);
    let spawn = scene.spawner();
    let active = apply!(scene, letters.active_bounded(2, spawn));
    scene.reader("active", "-a===b===c===", active);
    scene.run()
}

fn azip(mut scene: Scene) -> Diagram {
    use aiter_adapters::azip;
    let numbers = scene.source("numbers", "1--2---3--");
    let letters = scene.source("letters", "-a--b-|");
    let rows = apply!(scene, azip((numbers, letters)));
    scene.reader("rows", "-(1a)--(2b)-|", rows);
    scene.run()
}

fn azip_strict(mut scene: Scene) -> Diagram {
    use aiter_adapters::azip;
    let numbers = scene.source("numbers", "1--2---3--");
    let letters = scene.source("letters", "-a--b-|");
    let rows = apply!(scene, azip((numbers, letters)).strict());
    scene.reader("rows", "-(1a)--(2b)--x|", rows);
    scene.run()
}

fn flatten_iter(mut scene: Scene) -> Diagram {
    let words = scene.source_of("words", "(abc)----(de)-f|", |cell| match cell {
        Cell::Item(word) => word.chars().collect::<Vec<_>>(),
        cell => panic!("{cell:?} is not a word"),
    });
    let letters = apply!(scene, words.flatten_iter());
    scene.reader("letters", "abc--def|", letters);
    scene.run()
}

fn for_each_progress(mut scene: Scene) -> Diagram {
    let letters = scene.paced("pulled", "--a-b-c-|", "abc", 2);
    let letters = Box::pin(letters);
    scene.box_here();
    let log = scene.log("body", "--a===b===c===");
    let clock = scene.clock();
    let body = move |letter: char| {
        let (log, clock) = (log.clone(), clock.clone());
        async move {
            let _busy = log.begin(&letter);
            clock.after(4).await;
        }
    };
    let done = apply!(scene, letters.preload(2).for_each_progress(body));
    scene.spawner()(done);
    scene.run()
}

fn gated(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abc---def---");
    let (gate, gated) = apply!(scene, letters.gated());
    calls!(scene, gate: "-2----3---s-", '2' => push(2), '3' => push(3), 's' => stop());
    scene.reader("gated", "-ab---cde-|-", gated);
    scene.run()
}

fn iter_to_aiter(mut scene: Scene) -> Diagram {
    use aiter_adapters::iter_to_aiter;
    let log = scene.log("next()", "a--b-cd|");
    let mut letters = "abcd".chars();
    let iter = core::iter::from_fn(move || {
        let letter = letters.next();
        log.note(letter.map_or(Cell::End, |letter| Cell::Item(letter.into())));
        letter
    });
    let stream = apply!(scene, iter_to_aiter(iter));
    scene.reader("stream", "a==b=cd|", stream);
    scene.run()
}

/// The rows of a stream of two streams, with their names as keys.
fn streams(scene: &mut Scene, rows: [&str; 3]) -> impl Stream<Item = (char, Source<char>)> + use<> {
    let names = scene.source("streams", rows[0]);
    let a = scene.source("A", rows[1]);
    let b = scene.source("B", rows[2]);
    let inner = HashMap::from([('A', a), ('B', b)]);
    names.map(move |name| (name, inner[&name].clone()))
}

fn join_streams(mut scene: Scene) -> Diagram {
    let streams = streams(&mut scene, ["A--B-|", " -1--2-3|", "   7-89---|"]);
    let streams = streams.map(|(_, stream)| stream);
    let joined = apply!(scene, streams.join_streams());
    scene.reader("joined", "--17-2839-|", joined);
    scene.run()
}

fn keyed(mut scene: Scene) -> Diagram {
    let streams = streams(&mut scene, ["A--B-|", " -1--2-3|", "   7-89---|"]);
    let joined = apply!(scene, streams.join_streams().keyed());
    scene.reader("joined", "--(A1)(B7)-(A2)(B8)(A3)(B9)(A|)(B|)|", joined);
    scene.run()
}

fn max_inner(mut scene: Scene) -> Diagram {
    let streams = streams(&mut scene, ["A--B-|", " -1--2-3|", "   7-89---|"]);
    let streams = streams.map(|(_, stream)| stream);
    let joined = apply!(scene, streams.join_streams().max_inner(1));
    scene.reader("joined", "--1--2-3789|", joined);
    scene.run()
}

fn preload(mut scene: Scene) -> Diagram {
    let letters = scene.ready("pulled", "(abc)--d--|", "abcd");
    let preload = apply!(scene, letters.preload(2));
    scene.reader("preload", "a==b==c==d==|", preload);
    scene.run()
}

fn preload_with(mut scene: Scene) -> Diagram {
    let letters = scene.paced("pulled", "-abcd-e---f--", "abcdef", 1);
    let spawn = scene.spawner();
    let preload = apply!(scene, letters.preload_with(3, spawn));
    scene.reader("preload", "-a===b===c===", preload);
    scene.run()
}

fn sharable(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "ab-cde--f-|");
    let one = apply!(scene, letters.sharable());
    let two = one.clone();
    scene.reader("one", "a===c==-f-|", one);
    scene.reader("one.clone()", "-b==de----|", two);
    scene.run()
}

fn stoppable(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "a-b-c-d-");
    let (stopper, stoppable) = apply!(scene, letters.stoppable());
    calls!(scene, stopper: "---s----", 's' => stop());
    scene.reader("stoppable", "a-b|", stoppable);
    scene.run()
}

fn try_join_streams(mut scene: Scene) -> Diagram {
    let names = scene.results("streams", "A--B-x|");
    let a = scene.results("A", " -1x-2---|");
    let b = scene.results("B", "   7--8--9|");
    let inner = HashMap::from([('A', a), ('B', b)]);
    let streams = || {
        let inner = inner.clone();
        names.clone().map(move |name| name.map(|name| inner[&name].clone()))
    };
    let (source, on_error) = (streams(), OnError::Emit);
    let all = apply!(scene, source.try_join_streams(on_error));
    scene.reader("OnError::Emit", "--1x7x28-9|", all);
    let good = streams().try_join_streams(OnError::Skip);
    scene.reader("OnError::Skip", "--17-28--9|", good);
    let until = streams().try_join_streams(OnError::Stop);
    scene.reader("OnError::Stop", "--1x|", until);
    scene.run()
}
