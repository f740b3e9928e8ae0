//! The compiler error for a generic `block_on` that is passed by name.

extern crate alloc;

use alloc::borrow::Cow;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const MANIFEST: &str = r#"
[package]
name = "program"
edition = "2024"

[workspace]

[dependencies]
aiter-executor-compat = { path = "COMPAT" }
futures-executor = "0.3"
futures-util = "0.3"
"#;

fn program(call: &str) -> String {
    format!(
        "use aiter_executor_compat::aiter_to_iter;

        fn main() {{
            let items = {call};
            for item in items {{
                println!(\"{{item}}\");
            }}
        }}"
    )
}

/// Checks a program with this call. Returns the output of the compiler.
fn check(dir: &Path, call: &str) -> String {
    fs::write(dir.join("src/main.rs"), program(call)).expect("the directory is writable");
    let out = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--offline", "--color=never"])
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", dir.join("target"))
        .output()
        .expect("cargo runs");
    Cow::into_owned(String::from_utf8_lossy(&out.stderr))
}

#[test]
fn generic_block_on_by_name_asks_for_closure() {
    let compat = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("messages");
    fs::create_dir_all(dir.join("src")).expect("the directory is writable");
    let manifest = MANIFEST.replace("COMPAT", &compat.to_string_lossy());
    fs::write(dir.join("Cargo.toml"), manifest).expect("the directory is writable");
    // The lock file selects versions that are available offline. A published crate has none.
    let _ = fs::copy(compat.join("../../Cargo.lock"), dir.join("Cargo.lock"));

    let stream = "futures_util::stream::iter([1, 2])";
    let closure = format!("aiter_to_iter({stream}, |next| futures_executor::block_on(next))");
    assert_eq!(check(&dir, &closure), "");
    let parked = format!("aiter_to_iter({stream}, aiter_executor_compat::park_thread)");
    assert_eq!(check(&dir, &parked), "");

    let by_name = format!("aiter_to_iter({stream}, futures_executor::block_on)");
    let output = check(&dir, &by_name);
    assert!(
        output.contains("error[E0277]: `aiter_to_iter` needs a closure around this"),
        "{output}"
    );
    assert!(output.contains("write `|next| block_on(next)` around it"), "{output}");
    // The first error is at that call.
    let place = output.find("--> src/main.rs").map(|at| &output[at..]);
    assert!(place.is_some_and(|place| place.starts_with("--> src/main.rs:4:")), "{output}");
    assert!(!output.contains("not general enough"), "{output}");
}
