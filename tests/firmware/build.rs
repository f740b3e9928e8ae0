//! Writes the linker's `memory.x` for the board that the target stands for.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let memory = match target.as_str() {
        // microbit
        "thumbv6m-none-eabi" => {
            "MEMORY {
                FLASH : ORIGIN = 0x00000000, LENGTH = 256K
                RAM : ORIGIN = 0x20000000, LENGTH = 16K
            }"
        }
        // lm3s6965evb
        "thumbv7m-none-eabi" => {
            "MEMORY {
                FLASH : ORIGIN = 0x00000000, LENGTH = 256K
                RAM : ORIGIN = 0x20000000, LENGTH = 64K
            }"
        }
        other => panic!("no board stands for the target {other}: add its memory to build.rs"),
    };
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    println!("cargo:rerun-if-changed=build.rs");
}
