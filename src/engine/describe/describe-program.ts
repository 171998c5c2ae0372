import { exportsHandler, moduleExportsHandler } from "../serve/exports-handler.ts";
import {
  type ComponentDescription,
  describeComponent,
  type ExternName,
  isComponent,
  readModuleType,
} from "../component/index.ts";
import { findCommand } from "../guest/check-command.ts";
import { printable } from "../guest/printable.ts";
import { type ModuleLayout, parseModule } from "../loader/index.ts";
import { coreTypeText } from "./core-type-text.ts";
import { type Grant, grantsOfComponent, grantsOfModule } from "./grants.ts";
import { type Producer, readProducers } from "./read-producers.ts";

/** Something that a file imports or exports. All texts may be shown as they are. */
export interface ExternDescription {
  readonly name: string;
  readonly kind: string;
  /** Its type in WebAssembly's text format, for what core modules have. */
  readonly type?: string;
}

export interface ImportDescription extends ExternDescription {
  readonly grant: Grant;
}

/** What can be said of a Wasm file without running anything of it. */
export interface ProgramDescription {
  readonly kind: "module" | "component";
  /** What it is made for, as far as its exports say it. */
  readonly role: string;
  /** The command that starts it. */
  readonly startedBy: string;
  readonly byteLength: number;
  readonly imports: readonly ImportDescription[];
  readonly exports: readonly ExternDescription[];
  /** Its imports and exports in WIT; none of a core module. */
  readonly wit?: ComponentDescription["wit"];
  readonly producers: readonly Producer[];
}

/** Reads a module or a component within its limits. Throws a KwasmError that says what is wrong and where. */
export function describeProgram(bytes: Uint8Array<ArrayBuffer>): ProgramDescription {
  const described = isComponent(bytes) ? describedComponent(bytes) : describedModule(bytes);
  return { ...described, byteLength: bytes.length, producers: readProducers(bytes).map(shownProducer) };
}

type Described = Omit<ProgramDescription, "byteLength" | "producers">;

function describedComponent(bytes: Uint8Array): Described {
  const { imports, exports, wit } = describeComponent(bytes);
  const grantOf = grantsOfComponent(imports);
  return {
    kind: "component",
    ...roleOfComponent(exports),
    imports: imports.map((entry) => ({ ...shown(entry), grant: grantOf(entry.name) })),
    exports: exports.map(shown),
    wit,
  };
}

function shown({ kind, name }: ExternName): ExternDescription {
  return { kind: kind === "instance" ? "interface" : kind, name: printable(name) };
}

const httpHandler = /^wasi:http\/(?:incoming-)?handler(?:@|$)/;

function roleOfComponent(exports: readonly ExternName[]): Pick<ProgramDescription, "role" | "startedBy"> {
  const command = findCommand(exports);
  if (command !== undefined) {
    const [version = ""] = /\d+\.\d+/.exec(command) ?? [];
    return { role: `command of WASI ${version}`, startedBy: "kwasm run" };
  }
  if (exports.some(({ name }) => name.startsWith("wasi:cli/run@"))) {
    return { role: "command", startedBy: "a host of that version of wasi:cli" };
  }
  if (exportsHandler(exports)) return { role: "HTTP handler of WASI 0.2", startedBy: "kwasm serve" };
  if (exports.some(({ name }) => httpHandler.test(name))) {
    return { role: "HTTP handler", startedBy: "a host of that version of wasi:http" };
  }
  return { role: "library", startedBy: "kwasm run --invoke" };
}

function describedModule(bytes: Uint8Array<ArrayBuffer>): Described {
  const layout = parseModule(bytes);
  const type = readModuleType(layout);
  const grantOf = grantsOfModule(layout.imports, saysWorld(layout));
  return {
    kind: "module",
    ...roleOfModule(layout),
    imports: layout.imports.map((entry, index) => ({
      kind: entry.kind,
      name: `${printable(entry.module)} ${printable(entry.name)}`,
      ...coreTypeText(type.imports[index]?.type),
      grant: grantOf(entry),
    })),
    exports: layout.exports.map(({ kind, name }) => ({
      kind,
      name: printable(name),
      ...coreTypeText(type.exports.get(name)),
    })),
  };
}

/** Toolchains leave the world in such a section for the tool that makes the component. */
const componentTypeSection = /^component-type(?::|$)/;

function saysWorld({ customSections }: ModuleLayout): boolean {
  return customSections.some(({ name }) => componentTypeSection.test(name));
}

function roleOfModule(layout: ModuleLayout): Pick<ProgramDescription, "role" | "startedBy"> {
  const { exports } = layout;
  if (saysWorld(layout)) {
    if (moduleExportsHandler(exports)) {
      return { role: "HTTP handler of WASI 0.2, a module that says its world", startedBy: "kwasm serve" };
    }
    return { role: "part of a component", startedBy: "nothing before it is made a component" };
  }
  const names = new Set(exports.map(({ name }) => name));
  if (names.has("_start")) return { role: "command of WASI 0.1", startedBy: "kwasm run" };
  if (names.has("_initialize")) return { role: "reactor of WASI 0.1", startedBy: "kwasm run" };
  return { role: "library", startedBy: "kwasm run --invoke" };
}

function shownProducer({ field, name, version }: Producer): Producer {
  return { field: printable(field), name: printable(name), version: printable(version) };
}
