// Runs a wasm32-wasip1 program under Node's own WASI: `node --no-warnings wasi-runner.mjs FILE [ARG...]`.
// Its exit code is the program's. ci/wasm.sh tells cargo of it.
import { readFile } from 'node:fs/promises';
import { WASI } from 'node:wasi';

const [file, ...args] = process.argv.slice(2);
if (!file) throw new Error('no program was named');
const wasi = new WASI({
  version: 'preview1',
  args: [file, ...args],
  env: process.env,
  preopens: { '.': '.' },
  returnOnExit: true,
});
const module = await WebAssembly.compile(await readFile(file));
process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
