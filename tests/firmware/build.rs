//! Writes the linker script `memory.x` for the board of the target, and sets the linker arguments.

use std::path::PathBuf;
use std::{env, fs};

fn main() {
    let target = env::var("TARGET").expect("cargo sets TARGET");
    let (memory, arguments): (&str, &[&str]) = match target.as_str() {
        // microbit
        "thumbv6m-none-eabi" => (
            "MEMORY {
                FLASH : ORIGIN = 0x00000000, LENGTH = 256K
                RAM : ORIGIN = 0x20000000, LENGTH = 16K
            }",
            &["-Tlink.x", "--nmagic"],
        ),
        // lm3s6965evb
        "thumbv7m-none-eabi" => (
            "MEMORY {
                FLASH : ORIGIN = 0x00000000, LENGTH = 256K
                RAM : ORIGIN = 0x20000000, LENGTH = 64K
            }",
            &["-Tlink.x", "--nmagic"],
        ),
        // virt
        "riscv32imc-unknown-none-elf" => (
            "MEMORY { RAM : ORIGIN = 0x80000000, LENGTH = 16M }
            REGION_ALIAS(\"REGION_TEXT\", RAM);
            REGION_ALIAS(\"REGION_RODATA\", RAM);
            REGION_ALIAS(\"REGION_DATA\", RAM);
            REGION_ALIAS(\"REGION_BSS\", RAM);
            REGION_ALIAS(\"REGION_HEAP\", RAM);
            REGION_ALIAS(\"REGION_STACK\", RAM);",
            &["-Tmemory.x", "-Tlink.x"],
        ),
        other => panic!("no board for the target {other}: add its memory to build.rs"),
    };
    let out = PathBuf::from(env::var("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("memory.x"), memory).expect("OUT_DIR is writable");
    println!("cargo:rustc-link-search={}", out.display());
    for argument in arguments {
        println!("cargo:rustc-link-arg-bins={argument}");
    }
    println!("cargo:rerun-if-changed=build.rs");
}
