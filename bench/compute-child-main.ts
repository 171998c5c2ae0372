import { readFileSync, writeSync } from "node:fs";

import { createLoader, DescriptorBudget, outputFromFd, startGuest } from "#engine";

/**
 * Runs one guest in a fresh process, for `bench/compute.ts`: `node FILE kwasm|v8 MODULE`. Its output is this process's.
 */
const [engine, path = ""] = process.argv.slice(2);
const bytes = new Uint8Array(readFileSync(path));
await (engine === "kwasm" ? runByEngine() : runByV8());

async function runByEngine(): Promise<void> {
  const module = await createLoader().load(bytes, { memoryBytesMax: 64 * 1024 * 1024 });
  const stdout = outputFromFd(1);
  const guest = await startGuest(module, { stdout, budget: new DescriptorBudget(16) });
  const end = await guest.ended;
  await stdout.flush();
  process.exitCode = end.kind === "exit" ? end.code : 1;
}

/** V8 with the least of WASI that a C program needs to print. */
async function runByV8(): Promise<void> {
  const module = await WebAssembly.compile(bytes);
  const wasi: Record<string, WebAssembly.ImportValue> = {};
  for (const { name } of WebAssembly.Module.imports(module)) wasi[name] = () => 8;
  let view = new DataView(new ArrayBuffer(0));
  Object.assign(wasi, {
    clock_time_get(_clock: number, _precision: bigint, result: number) {
      view.setBigUint64(result, process.hrtime.bigint(), true);
      return 0;
    },
    fd_fdstat_get(_fd: number, result: number) {
      view.setUint8(result, 2);
      return 0;
    },
    fd_write(fd: number, spans: number, count: number, result: number) {
      let written = 0;
      for (let at = spans; at < spans + 8 * count; at += 8) {
        const span = new Uint8Array(view.buffer, view.getUint32(at, true), view.getUint32(at + 4, true));
        written += writeSync(fd, span);
      }
      view.setUint32(result, written, true);
      return 0;
    },
    proc_exit: (code: number) => process.exit(code),
  });
  const { exports } = new WebAssembly.Instance(module, { wasi_snapshot_preview1: wasi });
  // A command of clang's exports both.
  const { memory, _start: start } = exports as { memory: WebAssembly.Memory; _start: () => void };
  view = new DataView(memory.buffer);
  start();
}
