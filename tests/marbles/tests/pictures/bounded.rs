use aiter_adapters::{BoundedPusher, LossyPolicy, LossyPusher, bounded_by, bounded_lossy};
use aiter_marbles::{Diagram, Handle, Marble, Scene, apply, numbers};
use futures_util::stream;

pictures!("aiter-adapters":
    bounded, bounded_fork, bounded_permits, bounded_weighed, disconnect,
    drop_oldest,
);

/// A producer that waits for each push, and drops its pusher behind the last letter.
fn produce(scene: &mut Scene, marbles: &str, letters: &'static str, pusher: BoundedPusher<char>) {
    let pushes = stream::unfold((pusher, letters.chars()), async |(pusher, mut rest)| {
        let letter = rest.next()?;
        pusher.push(letter).await.expect("the list accepts items");
        Some((letter, (pusher, rest)))
    });
    scene.producer("pusher.push(..)", marbles, pushes);
}

fn bounded(mut scene: Scene) -> Diagram {
    use aiter_adapters::bounded;
    let (pusher, cursor) = apply!(scene, bounded(2));
    produce(&mut scene, "abc~d|", "abcd", pusher);
    scene.box_here();
    scene.reader("cursor", "a===b===cd|", cursor);
    scene.run()
}

fn bounded_fork(mut scene: Scene) -> Diagram {
    use aiter_adapters::bounded;
    let (pusher, cursor) = apply!(scene, bounded(2));
    let slow = cursor.fork();
    produce(&mut scene, "abc~~d~~~e~~~", "abcdef", pusher);
    scene.box_here();
    scene.reader("cursor", "abc--d---e--", cursor);
    scene.reader("slow fork", "a====b===c===", slow);
    scene.run()
}

fn bounded_permits(mut scene: Scene) -> Diagram {
    use aiter_adapters::bounded;
    let (pusher, cursor) = apply!(scene, bounded(1));
    let calls = [('r', "reserve()"), ('p', "permit.push('a')")];
    let log = scene.call_log("pusher", "-r---p--", &calls);
    let (clock, reserving) = (scene.clock(), pusher.clone());
    scene.spawner()(async move {
        clock.at(1).await;
        let permit = reserving.reserve().await.expect("the list accepts items");
        log.note('r'.cell());
        clock.at(5).await;
        permit.push('a').expect("the list accepts items");
        log.note('p'.cell());
    });
    produce(&mut scene, "  ~~~~~bc|", "bc", pusher);
    scene.box_here();
    scene.reader("cursor", "=======abc|", cursor);
    scene.run()
}

fn bounded_weighed(mut scene: Scene) -> Diagram {
    let weigh = |weight: &usize| *weight;
    let (pusher, cursor) = apply!(scene, bounded_by(4, weigh));
    let pusher = Handle::new(pusher);
    let producer = pusher.clone();
    let weights = [1, 2, 3, 1].into_iter();
    let pushes = stream::unfold((producer, weights), async |(pusher, mut rest)| {
        let Some(weight) = rest.next() else {
            pusher.get().stop();
            return None;
        };
        let push = pusher.get().clone();
        push.push(weight).await.expect("the list accepts items");
        Some((weight, (pusher, rest)))
    });
    scene.producer("pusher.push(..)", "12~~~~31|", pushes);
    numbers!(scene, "0133322341", pusher.used());
    scene.box_here();
    scene.reader("cursor", "====1=2=31|", cursor);
    scene.run()
}

fn lossy(scene: &mut Scene, marbles: &str, pusher: LossyPusher<char>) {
    scene.pushes("pusher", marbles, pusher, |pusher, letter| {
        pusher.push(letter).expect("the list accepts items");
    });
    scene.box_here();
}

fn drop_oldest(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = apply!(scene, bounded_lossy(2, LossyPolicy::DropOldest));
    let slow = Handle::new(cursor.fork());
    lossy(&mut scene, "abcdef--|", pusher);
    scene.reader("cursor", "abcdef--|", cursor);
    scene.reader("slow", "a====ef-|", slow.clone());
    numbers!(scene, "0-----3-", slow.missed());
    scene.run()
}

fn disconnect(mut scene: Scene) -> Diagram {
    let (pusher, cursor) = apply!(scene, bounded_lossy(2, LossyPolicy::Disconnect));
    let slow = cursor.fork();
    lossy(&mut scene, "abcdef--|", pusher);
    scene.reader("cursor", "abcdef--|", cursor);
    scene.reader("slow", "a====|", slow);
    scene.run()
}
