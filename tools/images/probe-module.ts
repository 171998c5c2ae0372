import loadWabt from "wabt";

/** What a probe runs: it says a line and ends. A node where it does can start Wasm pods. */
const text = `
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 8) "Wasm pods can start on this node\\n")
  (func (export "_start")
    (i32.store (i32.const 0) (i32.const 8))
    (i32.store (i32.const 4) (i32.const 33))
    (drop (call $write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 64)))))
`;

export async function assembleProbe(): Promise<Buffer> {
  const wabt = await loadWabt();
  const module = wabt.parseWat("probe.wat", text);
  try {
    return Buffer.from(module.toBinary({}).buffer);
  } finally {
    module.destroy();
  }
}
