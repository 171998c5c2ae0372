import { wat } from "../../loader/wat-fixture.ts";
import {
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  declareExport,
  declareType,
  exportItem,
  extern,
  functionType,
  importItem,
  instanceType,
  lift,
  lower,
  alias,
  primitive,
  section,
  types,
} from "./encode-component.ts";

/** (instance (export "run" (func 0 or the one after an imported function))) */
function runInstance(functionIndex: number) {
  const name = [3, ...Buffer.from("run")];
  return section(5, [1, 0x01, 1, 0x00, ...name, 0x01, functionIndex]);
}

/** A component that is a command. Its core `run` is `body`; that may call `$host` with a u8 where `importing` names a function of one. */
export function command(
  body: string,
  importing?: { readonly interface: string; readonly function: string },
  exported = "wasi:cli/run@0.2.6",
): Uint8Array {
  const hostCall = importing === undefined ? "" : `(import "host" "call" (func $host (param i32)))`;
  const core = wat(`(module ${hostCall} (memory 1) (func (export "run") (result i32) ${body}))`);
  const result = [0x6a, 0x00, 0x00];
  if (importing === undefined) {
    return component(
      coreModule(core),
      coreInstantiate(0),
      coreAlias("func", 0, "run"),
      types(result, functionType([], [0])),
      lift(0, 1),
      runInstance(0),
      exportItem(exported, "instance", 0),
    );
  }
  const imported = instanceType(
    declareType(functionType([["status-code", primitive.u8]])),
    declareExport(importing.function, extern.func(0)),
  );
  return component(
    types(imported),
    importItem(importing.interface, extern.instance(0)),
    alias("func", 0, importing.function),
    lower(0),
    coreModule(core),
    coreExports(["call", "func", 0]),
    coreInstantiate(0, ["host", 0]),
    coreAlias("func", 1, "run"),
    types(result, functionType([], [1])),
    lift(1, 2),
    runInstance(1),
    exportItem(exported, "instance", 1),
  );
}
