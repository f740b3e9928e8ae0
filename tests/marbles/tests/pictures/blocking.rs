use core::{
    future::Future,
    pin::pin,
    task::{Context, Poll},
};

use aiter_marbles::{Cell, Diagram, Handle, Log, Run, Scene, apply};
use stream_laws::CountingWaker;

pictures!("aiter-executor-compat": aiter_to_iter);

/// The scene, once it runs.
type Running = Handle<Option<Run>>;

fn step(run: &Running) {
    run.get().as_mut().expect("the scene runs").step();
}

/// Blocks until a future is ready. It is polled only if it was woken. Time goes on meanwhile.
fn block<F: Future>(run: &Running, log: &Log, future: F) -> F::Output {
    let (mut future, waker) = (pin!(future), CountingWaker::new());
    loop {
        let wakes = waker.wakes();
        if let Poll::Ready(item) = future.as_mut().poll(&mut Context::from_waker(&waker.waker())) {
            return item;
        }
        while waker.wakes() == wakes {
            log.note(Cell::Waiting);
            step(run);
        }
    }
}

fn aiter_to_iter(mut scene: Scene) -> Diagram {
    use aiter_executor_compat::aiter_to_iter;
    let letters = scene.source("letters", "ab------c--|");
    scene.box_here();
    let log = scene.log("for loop", "a==b==~~c==|");
    let run = Handle::new(None);
    let (time, waits) = (run.clone(), log.clone());
    let block_on = move |next: aiter_executor_compat::NextItem<'_, _>| block(&time, &waits, next);
    let iter = apply!(scene, aiter_to_iter(letters, block_on));
    *run.get() = Some(scene.start());
    step(&run);
    for letter in iter {
        let busy = log.begin(&letter);
        (0..3).for_each(|_| step(&run));
        drop(busy);
    }
    log.note(Cell::End);
    let run = run.get().take().expect("the scene runs");
    run.finish()
}
