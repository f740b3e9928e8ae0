//! Clicks through each scene at random, and writes the printed programs as tests.

use std::{env, fmt::Write, fs, path::Path};

use aiter_playground::Playground;

/// Runs of each scene. The seed of a run chooses its clicks.
const RUNS: u64 = 4;
const STEPS: u32 = 60;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let mut tests = String::new();
    for scene in Playground::names() {
        for seed in 1..=RUNS {
            let program = random_program(scene, seed);
            let _ = write!(
                tests,
                "mod {scene}_{seed} {{\n\
                 #[test]\nfn runs() {{ main().expect(\"the page saw no error\"); }}\n\
                 {program}\n}}\n"
            );
        }
    }
    let out = env::var_os("OUT_DIR").expect("cargo sets it");
    fs::write(Path::new(&out).join("programs.rs"), tests).expect("the folder can be written");
}

/// Clicks about once a step, as a visitor would.
fn random_program(scene: &str, seed: u64) -> String {
    let mut playground = Playground::new(scene, seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..STEPS {
        playground.tick();
        let buttons = playground.clickable();
        // Ends, such as `stop`, are rare, so that the runs are long.
        let ends = ["stop", "drop", "close", "cut", "end"];
        if let Some(act) = rng.choice(&buttons) {
            let is_end = ends.iter().any(|end| act.starts_with(end));
            if !is_end || rng.u8(..) < 40 {
                playground.click(act);
            }
        }
    }
    playground.program()
}
