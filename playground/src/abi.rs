//! The functions that the page calls: text in, text out.
//!
//! The page writes a command of `len` bytes to the address that `input(len)` returns, and calls
//! `run()`. The result is the length of the answer, which starts at the address of `output()`.

use std::cell::RefCell;

use crate::playground::Playground;

#[derive(Default)]
struct Buffers {
    playground: Option<Playground>,
    input: Vec<u8>,
    output: String,
}

thread_local! {
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

/// Makes room for a command, and returns its address.
#[unsafe(no_mangle)]
extern "C" fn input(len: usize) -> *mut u8 {
    BUFFERS.with_borrow_mut(|buffers| {
        buffers.input.resize(len, 0);
        buffers.input.as_mut_ptr()
    })
}

/// Runs the command, and returns the length of the answer.
#[unsafe(no_mangle)]
extern "C" fn run() -> usize {
    BUFFERS.with_borrow_mut(|buffers| {
        let Buffers { playground, input, output } = buffers;
        let playground = playground.get_or_insert_with(|| Playground::new("list", 1));
        let command = String::from_utf8_lossy(input);
        *output = playground.command(&command);
        output.len()
    })
}

/// Returns the address of the last answer.
#[unsafe(no_mangle)]
extern "C" fn output() -> *const u8 {
    BUFFERS.with_borrow(|buffers| buffers.output.as_ptr())
}
