//! Random clicks on each scene: a replay, and a second run with the same seed, show the same.

use aiter_playground::Playground;

/// Runs a scene for some steps, with a random click in each.
fn run(scene: &str, seed: u64, steps: u32) -> Playground {
    let mut playground = Playground::new(scene, seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..steps {
        playground.tick();
        if let Some(act) = rng.choice(playground.clickable()) {
            playground.click(&act);
        }
    }
    playground
}

#[test]
fn replay_shows_same_run() {
    for scene in Playground::names() {
        for seed in 1..=10 {
            let mut playground = run(scene, seed, 80);
            let before = playground.command("view");
            playground.command("replay");
            assert_ne!(playground.command("view"), before, "{scene} {seed}");
            (0..80).for_each(|_| playground.tick());
            assert_eq!(playground.command("view"), before, "{scene} {seed}");
        }
    }
}

#[test]
fn other_seed_shows_other_run() {
    let shown = |seed| {
        let mut playground = Playground::new("list", seed);
        (0..40).for_each(|_| playground.tick());
        playground.program()
    };
    assert_eq!(shown(1), shown(1));
    assert_ne!(shown(1), shown(2));
}

#[test]
fn each_button_changes_snapshot() {
    for scene in Playground::names() {
        for act in Playground::new(scene, 1).clickable() {
            let mut playground = Playground::new(scene, 1);
            let before = playground.command("view");
            playground.click(&act);
            // A run or a read that waits changes the row of its reader at least.
            assert_ne!(playground.command("view"), before, "{scene}: {act}");
        }
    }
}

#[test]
fn hidden_scene_is_not_started() {
    assert!(!Playground::names().any(|name| name == "time"));
    assert!(Playground::new("time", 1).command("view").contains("\"scene\":\"list\""));
}
