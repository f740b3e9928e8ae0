use aiter_adapters::{AiterExt, LagPolicy};
use aiter_marbles::{Diagram, Handle, Scene, apply, later, numbers};

pictures!("aiter-adapters":
    forker, fork_passive, forker_bounded, lag_drop_oldest, lag_error,
);

fn forker(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "ab-cd-e-|");
    let fork = Handle::new(apply!(scene, letters.forker()));
    scene.reader("fork", "ab-cd-e-|", fork.clone());
    later!(scene, "  -c==d==e==|", fork.fork());
    scene.run()
}

fn fork_passive(mut scene: Scene) -> Diagram {
    let letters = scene.ready("pulled", "a--b-c---", "abcdef");
    let work = apply!(scene, letters.forker());
    let log = work.fork_passive();
    scene.reader("work", "a==b=c===.", work);
    scene.reader("work.fork_passive()", "a--b-c---|", log);
    scene.run()
}

fn forker_bounded(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abcdef|");
    let fast = apply!(scene, letters.forker_bounded(2, LagPolicy::Wait));
    let slow = fast.fork();
    scene.reader("fast", "abc-d---e--", fast);
    scene.reader("slow", "a===b===c==", slow);
    scene.run()
}

fn lag_drop_oldest(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abcdef|");
    let fast = apply!(scene, letters.forker_bounded(2, LagPolicy::DropOldest));
    let slow = Handle::new(fast.fork());
    scene.reader("fast", "abcdef|", fast);
    scene.reader("slow", "a====ef|", slow.clone());
    numbers!(scene, "0------3", slow.missed());
    scene.run()
}

fn lag_error(mut scene: Scene) -> Diagram {
    let letters = scene.source("letters", "abcdef|");
    let fast = apply!(scene, letters.forker_bounded(2, LagPolicy::Error));
    let slow = fast.fork();
    scene.reader("fast", "abcdef|", fast);
    scene.reader("slow", "a====|", slow);
    scene.run()
}
