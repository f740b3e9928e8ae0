use aiter_core::Pusher;
use aiter_marbles::{Cell, Diagram, Handle, Scene, apply, calls, later};

pictures!("aiter-core":
    push_list, fork, share, subscribe, resubscribe, replay, subscriber, stop, close, closed,
    downgrade, no_cursor,
);

/// A row of pushes, above the box.
fn pushes(scene: &mut Scene, marbles: &str, pusher: Pusher<char>) {
    scene.pushes("pusher", marbles, pusher, |pusher, letter| {
        pusher.push(letter).expect("the list accepts items");
    });
    scene.box_here();
}

/// A row of pushes of `a`, `b`, `c`, .., of which the list may refuse some.
fn offers(scene: &mut Scene, marbles: &str, pusher: Pusher<char>) {
    let mut letters = 'a'..;
    scene.answers("pusher.push(..)", marbles, move || {
        let letter = letters.next().expect("a letter");
        pusher.push(letter).map(|()| letter)
    });
    scene.box_here();
}

fn push_list(mut scene: Scene) -> Diagram {
    use aiter_core::push_list;
    let (pusher, cursor) = apply!(scene, push_list());
    pushes(&mut scene, "ab-cde---|", pusher);
    scene.reader("cursor", "ab-c===de|", cursor);
    scene.run()
}

fn fork(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let cursor = Handle::new(cursor);
    pushes(&mut scene, "abcde-f-|", pusher);
    scene.reader("cursor", "a====bcdef|", cursor.clone());
    later!(scene, "   bcdef|", cursor.fork());
    scene.run()
}

fn share(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let taker = apply!(scene, cursor.share());
    pushes(&mut scene, "abcd--e-f|", pusher);
    let second = taker.clone();
    scene.reader("taker", "a==c==e==|", taker);
    scene.reader("taker.clone()", "-b=d----f|", second);
    scene.run()
}

fn subscribe(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let pusher = Handle::new(pusher);
    scene.pushes("pusher", "abc-d-e-|", pusher.clone(), |pusher, letter| {
        pusher.get().push(letter).expect("the list accepts items");
    });
    scene.box_here();
    scene.reader("cursor", "abc-d-e-|", cursor);
    later!(scene, "   -d-e-|", pusher.subscribe());
    scene.run()
}

fn resubscribe(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let cursor = Handle::new(cursor);
    pushes(&mut scene, "abc-d-e-|", pusher);
    scene.reader("cursor", "a====bcde|", cursor.clone());
    later!(scene, "   -d-e-|", cursor.resubscribe());
    scene.run()
}

fn replay(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let replay = Handle::new(apply!(scene, pusher.replay(2)));
    drop((pusher, cursor));
    scene.pushes("replay", "abcd--e--|", replay.clone(), |replay, letter| {
        replay.get().push(letter).expect("the list accepts items");
    });
    scene.box_here();
    later!(scene, "    cde--|", replay.subscribe());
    scene.run()
}

fn subscriber(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let subscriber = Handle::new(apply!(scene, pusher.subscriber()));
    offers(&mut scene, "a-b-x-d-e-", pusher);
    scene.reader("cursor", "a-b.", cursor);
    later!(scene, "     -d-e-", subscriber.subscribe());
    scene.run()
}

fn stop(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    offers(&mut scene, "abcd--x--", pusher.clone());
    calls!(scene, pusher: "-----s--", 's' => stop());
    scene.box_here();
    scene.reader("cursor", "a==b==cd|", cursor);
    scene.run()
}

fn close(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let fork = cursor.fork();
    offers(&mut scene, "abcd--x--", pusher);
    calls!(scene, cursor: "-----s--", 's' => close());
    scene.box_here();
    scene.reader("fork", "a==b==cd|", fork);
    scene.run()
}

fn closed(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let fork = cursor.fork();
    scene.operation("closed()");
    scene.reader("cursor", "a--.", cursor);
    scene.reader("fork", "a-----.", fork);
    scene.box_here();
    let log = scene.log("pusher.closed()", "------|");
    scene.spawner()(async move {
        pusher.push('a').expect("the list accepts items");
        pusher.closed().await;
        log.note(Cell::End);
    });
    scene.run()
}

fn downgrade(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    let weak = apply!(scene, pusher.downgrade());
    pushes(&mut scene, "a--b--|--", pusher);
    let mut letters = 'p'..;
    scene.answers("weak.upgrade()", "-p--q--x", move || {
        let letter = letters.next().expect("a letter");
        let pusher = weak.upgrade().ok_or(())?;
        pusher.push(letter).map_err(drop)?;
        Ok::<char, ()>(letter)
    });
    scene.box_here();
    scene.reader("cursor", "ap-bq-|", cursor);
    scene.run()
}

fn no_cursor(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = aiter_core::push_list();
    scene.operation("drop(cursor)");
    offers(&mut scene, "ab--x-x-", pusher);
    scene.reader("cursor", "ab-.", cursor);
    scene.run()
}
