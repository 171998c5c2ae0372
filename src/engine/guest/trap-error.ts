/**
 * (module (func (export "trap") unreachable)), written out: a text compiler is no part of the engine.
 */
const trapModuleBytes = Uint8Array.from(
  [
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00], // magic, version 1
    [0x01, 0x04, 0x01, 0x60, 0x00, 0x00], // type 0: () -> ()
    [0x03, 0x02, 0x01, 0x00], // function 0 of type 0
    [0x07, 0x08, 0x01, 0x04, 0x74, 0x72, 0x61, 0x70, 0x00, 0x00], // export "trap" function 0
    [0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b], // body: unreachable, end
  ].flat(),
);

let trapFunction: Function | undefined;

/**
 * Makes an error that no handler of a guest can catch. V8 marks the errors of its own traps as uncatchable for Wasm
 * code and looks at the mark again wherever the object is thrown, so a trap made in a module of ours ends any guest
 * from inside an import. An ordinary error would be caught by `catch_all`.
 */
export function makeUncatchableError(message: string): Error {
  trapFunction ??= instantiateTrap();
  try {
    Reflect.apply(trapFunction, undefined, []);
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError) return Object.assign(error, { message });
  }
  throw new Error("a module that must trap did not");
}

function instantiateTrap(): Function {
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(trapModuleBytes));
  const trap = exports["trap"];
  if (typeof trap !== "function") throw new Error("a module of the engine lacks its export");
  return trap;
}
