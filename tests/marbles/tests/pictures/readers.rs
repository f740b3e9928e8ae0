use aiter_core::{Cursor, Pusher, push_list};
use aiter_marbles::{Cell, Diagram, Handle, Scene, answers, apply, numbers};
use futures_util::stream;

pictures!("aiter-core":
    available_iter, latest, next_many, preflight, seek_to_end, skip_items,
);

/// A list, with a row of pushes above the box.
fn list(scene: &mut Scene, marbles: &str) -> Handle<Cursor<char>> {
    let (pusher, cursor): (Pusher<char>, _) = push_list();
    scene.pushes("pusher", marbles, pusher, |pusher, letter| {
        pusher.push(letter).expect("the list accepts items");
    });
    scene.box_here();
    Handle::new(cursor)
}

fn available_iter(mut scene: Scene) -> Diagram {
    let cursor = list(&mut scene, "abc---d--|");
    scene.operation("available_iter()");
    let peek = cursor.clone();
    scene.answers("available_iter()", "---(abc)---(cd)-", move || {
        peek.get().available_iter().copied().collect::<Vec<_>>()
    });
    scene.reader("cursor", "====ab==cd|", cursor);
    scene.run()
}

fn latest(mut scene: Scene) -> Diagram {
    let cursor = list(&mut scene, "abc---de-f-");
    answers!(scene, "--c-x--e--f", cursor.latest());
    scene.run()
}

fn next_many(mut scene: Scene) -> Diagram {
    let cursor = list(&mut scene, "a-bcdef--|");
    scene.operation("next_many(&mut buf, 3)");
    let runs = stream::unfold(cursor, async |cursor| {
        let mut buf = Vec::new();
        let taken = core::future::poll_fn(|cx| cursor.get().poll_next_many(cx, &mut buf, 3)).await;
        (taken > 0).then_some((buf, cursor))
    });
    scene.reader("next_many", "a==(bc)===(def)-|", runs);
    scene.run()
}

fn preflight(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = push_list();
    let asked = scene.log("function", "a--b-c");
    let mut letters = 'a'..;
    let f = move |_: &mut core::task::Context<'_>| {
        let letter = letters.next().expect("a letter");
        asked.note(Cell::Item(letter.into()));
        pusher.push(letter).expect("the list accepts items");
    };
    let cursor = apply!(scene, cursor.preflight(f));
    scene.reader("cursor", "a==b=c==", cursor);
    scene.run()
}

fn seek_to_end(mut scene: Scene) -> Diagram {
    let cursor = list(&mut scene, "abcd---e-|");
    let reader = cursor.clone();
    numbers!(scene, "-----3---", cursor.seek_to_end());
    scene.reader("cursor", "a=====-e-|", reader);
    scene.run()
}

fn skip_items(mut scene: Scene) -> Diagram {
    let cursor = list(&mut scene, "abcd---e-|");
    let reader = cursor.clone();
    numbers!(scene, "----2----", cursor.skip_items(2));
    scene.reader("cursor", "a====d-e-|", reader);
    scene.run()
}
