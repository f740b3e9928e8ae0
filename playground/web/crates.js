// The crates, as WebAssembly: a command goes in as text, a snapshot comes back.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
let exports;

/** Loads the crates. */
export async function load(url) {
    const answer = await fetch(url);
    const bytes = await answer.arrayBuffer();
    exports = (await WebAssembly.instantiate(bytes, {})).instance.exports;
}

/** Runs a command of `Playground::command` and returns its answer. */
export function command(text) {
    const bytes = encoder.encode(text);
    const at = exports.input(bytes.length);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    const length = exports.run();
    return JSON.parse(
        decoder.decode(new Uint8Array(exports.memory.buffer, exports.output(), length)),
    );
}
