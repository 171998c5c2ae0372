import { KwasmError } from "#base";
import type { GuestHost, HostHooks } from "../guest/host-contract.ts";
import {
  type Clocks,
  type DatagramSocket,
  type DescriptorBudget,
  discardedOutput,
  endedInput,
  fillSecureRandom,
  type FillRandom,
  type InputStream,
  Interrupt,
  type Listener,
  type MountTree,
  type OutputStream,
  systemClocks,
  threadTurn,
  type Turn,
} from "../host/index.ts";
import { argsCalls, environCalls } from "./args.ts";
import { clockCalls } from "./clocks.ts";
import type { CallFamily, P1Context } from "./context.ts";
import { Descriptor, type Resource } from "./descriptor.ts";
import { DescriptorTable } from "./descriptor-table.ts";
import { directoryCalls } from "./directory.ts";
import { fdIoCalls } from "./fd-io.ts";
import { fdMetaCalls } from "./fd-meta.ts";
import { GuestMemory } from "./guest-memory.ts";
import { importsOf } from "./imports.ts";
import { pathCalls } from "./path.ts";
import { pollCalls } from "./poll.ts";
import { procCalls } from "./proc.ts";
import { randomCalls } from "./random.ts";
import {
  connectionRights,
  directoryRights,
  inputRights,
  listenerRights,
  outputRights,
  preopenInheritingRights,
} from "./rights.ts";
import { socketCalls } from "./sockets.ts";

/** Everything one guest is given. What is left out, it does not have. The host owns all handles in here. */
export interface P1Config extends HostHooks {
  readonly args?: readonly string[];
  readonly env?: readonly (readonly [name: string, value: string])[];
  /** Left out: at its end from the start. */
  readonly stdin?: InputStream;
  /** Left out: discarded. */
  readonly stdout?: OutputStream;
  readonly stderr?: OutputStream;
  /** Numbered from 3, in this order. */
  readonly preopens?: readonly MountTree[];
  /** Numbered after the preopens: wasi-libc's search for preopens ends at the first number that is none. */
  readonly listeners?: readonly (Listener | DatagramSocket)[];
  readonly budget: DescriptorBudget;
  readonly clocks?: Clocks;
  readonly fillRandom?: FillRandom;
  readonly turn?: Turn;
}

/** The name that modules import these functions from. */
export const p1ModuleName = "wasi_snapshot_preview1";

/** Answers wasi_snapshot_preview1 to one guest. */
export function createP1Host(config: P1Config): GuestHost {
  const context = contextOrClose(config);
  return {
    imports: importsOf(context, familiesOf(context)),
    bind: (memory) => context.memory.bind(memory),
    abort: (error) => context.interrupt.abort(error),
    close() {
      context.table.closeAll();
      closeGrants(config);
    },
  };
}

/** A host that cannot be made must not keep what it was given. */
function contextOrClose(config: P1Config): P1Context {
  try {
    const context = createContext(config);
    grant(context.table, config);
    return context;
  } catch (thrown) {
    closeGrants(config);
    throw thrown;
  }
}

function closeGrants({ stdin, stdout, stderr, preopens = [], listeners = [] }: P1Config): void {
  for (const handle of [stdin, stdout, stderr, ...preopens, ...listeners]) handle?.close();
}

function createContext(config: P1Config): P1Context {
  return {
    memory: new GuestMemory(),
    table: new DescriptorTable(config.budget),
    budget: config.budget,
    interrupt: new Interrupt(),
    turn: config.turn ?? threadTurn,
    clocks: config.clocks ?? systemClocks,
    fillRandom: config.fillRandom ?? fillSecureRandom,
    args: (config.args ?? []).map((arg) => encodeString("argument", arg)),
    env: (config.env ?? []).map(([name, value]) => encodeVariable(name, value)),
    hooks: config,
  };
}

function familiesOf(context: P1Context): CallFamily[] {
  return [
    argsCalls(context),
    environCalls(context),
    clockCalls(context),
    fdIoCalls(context),
    fdMetaCalls(context),
    directoryCalls(context),
    pathCalls(context),
    pollCalls(context),
    procCalls(context),
    randomCalls(context),
    socketCalls(context),
  ];
}

/** Opens what the guest begins with, at the numbers it expects. */
function grant(table: DescriptorTable, config: P1Config): void {
  table.insert(inputDescriptor(config.stdin ?? endedInput));
  table.insert(outputDescriptor(config.stdout ?? discardedOutput));
  table.insert(outputDescriptor(config.stderr ?? discardedOutput));
  for (const tree of config.preopens ?? []) table.insert(preopenDescriptor(tree));
  for (const socket of config.listeners ?? []) {
    table.insert("accept" in socket ? listenerDescriptor(socket) : datagramsDescriptor(socket));
  }
}

function inputDescriptor(input: InputStream): Descriptor {
  const resource: Resource = { kind: "stream", input, close: () => input.close() };
  return new Descriptor(resource, { base: inputRights, inheriting: 0 });
}

function outputDescriptor(output: OutputStream): Descriptor {
  const resource: Resource = { kind: "stream", output, close: () => output.close() };
  return new Descriptor(resource, { base: outputRights, inheriting: 0 });
}

function preopenDescriptor(tree: MountTree): Descriptor {
  const directory = tree.openRoot();
  const resource: Resource = {
    kind: "directory",
    directory,
    preopenPath: tree.guestPath,
    close: () => directory.close(),
  };
  return new Descriptor(resource, { base: directoryRights, inheriting: preopenInheritingRights });
}

function listenerDescriptor(listener: Listener): Descriptor {
  const resource: Resource = { kind: "listener", listener, close: () => listener.close() };
  return new Descriptor(resource, { base: listenerRights, inheriting: connectionRights });
}

function datagramsDescriptor(input: DatagramSocket): Descriptor {
  const resource: Resource = { kind: "datagrams", input, close: () => input.close() };
  return new Descriptor(resource, { base: inputRights, inheriting: 0 });
}

function encodeVariable(name: string, value: string): Uint8Array {
  if (name.includes("=") || name === "") {
    throw new KwasmError(
      "invalid-argument",
      `set environment variable '${name}': choose a name that is not empty and has no '='`,
    );
  }
  return encodeString("environment variable", `${name}=${value}`);
}

/** NUL-terminated, as the guest reads it. */
function encodeString(what: string, value: string): Uint8Array {
  if (value.includes("\0")) {
    throw new KwasmError(
      "invalid-argument",
      `pass ${what} ${JSON.stringify(value)}: remove the NUL character, which would cut it short`,
    );
  }
  return Buffer.from(`${value}\0`);
}
