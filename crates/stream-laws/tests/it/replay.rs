//! What the environment says goes before what the description says. It cannot be changed safely
//! within a process, so these tests run a test of this very program in another one.

use std::env;
use std::process::{Command, Output};

use futures_util::stream;
use stream_laws::{Laws, Relation, Source};

/// Loses its only item.
fn lossy() -> Laws {
    Laws::of("lossy", |_: Source| stream::empty::<()>()).expect(Relation::Same)
}

#[test]
#[ignore = "started by the other tests of this file"]
fn child() {
    lossy().run().assert();
}

fn run(variable: &str, value: &str) -> (String, Output) {
    let program = env::current_exe().expect("a test knows its program");
    let mut command = Command::new(program);
    command.args(["replay::child", "--exact", "--ignored", "--nocapture"]).env(variable, value);
    let output = command.output().expect("the program runs a second time");
    (String::from_utf8_lossy(&output.stderr).into_owned(), output)
}

#[test]
fn a_seed_is_run_alone() {
    let broken = lossy().check().expect_err("an item is lost");
    let (text, output) = run("STREAM_LAWS_SEED", &broken.seed.to_string());
    assert!(!output.status.success());
    assert!(text.contains("lossy: 1 cases, broken: items"), "{text}");
    assert!(text.contains(&format!("STREAM_LAWS_SEED={}", broken.seed)), "{text}");
}

#[test]
fn the_number_of_scripts_can_be_set() {
    let (text, _) = run("STREAM_LAWS_SCRIPTS", "321");
    assert!(text.contains("lossy: 321 cases"), "{text}");
}

#[test]
fn what_is_no_number_is_refused() {
    let (text, output) = run("STREAM_LAWS_SEED", "often");
    assert!(!output.status.success());
    assert!(text.contains("STREAM_LAWS_SEED is \"often\", which is no number"), "{text}");
}
