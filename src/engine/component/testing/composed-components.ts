import { wat } from "../../loader/wat-fixture.ts";
import {
  alias,
  borrow,
  component,
  coreAlias,
  coreExports,
  coreInstantiate,
  coreModule,
  declareExport,
  declareType,
  exportInstance,
  exportItem,
  extern,
  functionType,
  importItem,
  index,
  instanceType,
  lift,
  lower,
  own,
  primitive,
  resourceFunction,
  resourceType,
  types,
} from "./encode-component.ts";

const unary = functionType([["value", primitive.u32]], primitive.u32);

const mathModule = wat(`(module
  (import "host" "add" (func $add (param i32) (result i32)))
  (func (export "half") (param i32) (result i32)
    (call $add (i32.div_u (local.get 0) (i32.const 2)))))`);

/** Exports an interface with `half`, which gives what the host's `add` makes of the half of a value. */
export function mathComponent(exported = "test:numbers/math@0.2.3"): Uint8Array<ArrayBuffer> {
  return component(
    types(instanceType(declareType(unary), declareExport("add", extern.func(0)))),
    importItem("test:host/sums@1.0.0", extern.instance(0)),
    alias("func", 0, "add"),
    lower(0),
    coreModule(mathModule),
    coreExports(["add", "func", 0]),
    coreInstantiate(0, ["host", 0]),
    coreAlias("func", 1, "half"),
    types(unary),
    lift(1, 1),
    exportInstance(["half", "func", 1]),
    exportItem(exported, "instance", 1),
  );
}

const filesModule = wat(`(module
  (import "own" "new" (func $new (param i32) (result i32)))
  (func (export "open") (result i32) (call $new (i32.const 41)))
  (func (export "read") (param i32) (result i32) (i32.add (local.get 0) (i32.const 1))))`);

/** Exports `test:files/types@0.2.0` with a resource of its own, whose `read` gives 42. */
export function filesComponent(): Uint8Array<ArrayBuffer> {
  return component(
    types(resourceType()),
    resourceFunction("new", 0),
    coreModule(filesModule),
    coreExports(["new", "func", 0]),
    coreInstantiate(0, ["own", 0]),
    coreAlias("func", 1, "open"),
    coreAlias("func", 1, "read"),
    types(own(0), functionType([], index(1)), borrow(0), functionType([["self", index(3)]], primitive.u32)),
    lift(1, 2),
    lift(2, 4),
    exportInstance(["file", "type", 0], ["open", "func", 0], ["[method]file.read", "func", 1]),
    exportItem("test:files/types@0.2.0", "instance", 0),
  );
}

const opener = [
  declareExport("file", extern.resource),
  declareType(own(0)),
  declareType(functionType([], index(1))),
  declareExport("open", extern.func(2)),
];

/** Exports `test:files/wrap@0.2.0`, whose `open` gives a file of the host. */
export function wrappingComponent(): Uint8Array<ArrayBuffer> {
  return component(
    types(instanceType(...opener)),
    importItem("test:files/types@0.2.1", extern.instance(0)),
    alias("func", 0, "open"),
    exportInstance(["open", "func", 0]),
    exportItem("test:files/wrap@0.2.0", "instance", 1),
  );
}

const readingModule = wat(`(module
  (import "host" "open" (func $open (result i32)))
  (import "host" "read" (func $read (param i32) (result i32)))
  (func (export "run") (result i32) (call $read (call $open))))`);

/** Opens a file by `test:files/wrap@0.2.0` and reads it by `test:files/types@0.2.0`. */
export function readingComponent(): Uint8Array<ArrayBuffer> {
  const reader = [
    declareExport("file", extern.resource),
    declareType(borrow(0)),
    declareType(functionType([["self", index(1)]], primitive.u32)),
    declareExport("[method]file.read", extern.func(2)),
  ];
  // (alias outer 1 1 (type)) in the interface's own types.
  const outerFile = [0x02, 0x03, 0x02, 0x01, 0x01];
  const wrap = [
    outerFile,
    declareType(own(0)),
    declareType(functionType([], index(1))),
    declareExport("open", extern.func(2)),
  ];
  return component(
    types(instanceType(...reader)),
    importItem("test:files/types@0.2.0", extern.instance(0)),
    alias("type", 0, "file"),
    types(instanceType(...wrap)),
    importItem("test:files/wrap@0.2.0", extern.instance(2)),
    alias("func", 1, "open"),
    alias("func", 0, "[method]file.read"),
    lower(0),
    lower(1),
    coreModule(readingModule),
    coreExports(["open", "func", 0], ["read", "func", 1]),
    coreInstantiate(0, ["host", 0]),
    coreAlias("func", 1, "run"),
    types(functionType([], primitive.u32)),
    lift(2, 3),
    exportItem("run", "func", 2),
  );
}
