import { closeSync, fstatSync, readSync } from "node:fs";

import { KwasmError } from "#base";
import {
  compileComponent,
  compileModule,
  type ComponentPlan,
  type CoreInvocation,
  createLoader,
  exportsHandler,
  type Guest,
  type GuestConfig,
  type GuestModule,
  type GuestNetwork,
  httpServiceDefaults,
  type HttpServiceConfig,
  initialBytesOf,
  isComponent,
  moduleExportsHandler,
  moduleLimits,
  PauseGate,
  planCoreInvocation,
  serveComponent,
  startComponent,
  startGuest,
  type TerminalSignal,
  type ThreadWatch,
} from "#engine";

import { type LoadedComponent, loadComponent, runApplicationCommand, serveApplication } from "#spin-host";

import type { ApplicationOrder, GuestOrder, GuestOutcome, GuestReport, UsageBoard } from "../channel/index.ts";
import { type Grants, openGrants } from "./grants.ts";
import { outcomeOf, outcomeOfFailure } from "./guest-outcome.ts";
import type { UsageMeter } from "./usage-meter.ts";
import type { WantedSockets } from "./wanted-sockets.ts";

/** How long the last output of an ended guest may take to leave this process, milliseconds. */
const FLUSH_MS_MAX = 1_000;

/**
 * How long running requests may take to end where nobody said so, milliseconds: as guests of pods, whose cell is ended
 * with all in it where one of them takes a second to go.
 */
const DRAIN_MS_DEFAULT = 300;

interface GuestRunnerOptions {
  readonly board: UsageBoard;
  readonly meter: UsageMeter;
  /** Where guests get sockets of their own from. */
  readonly sockets: WantedSockets;
  readonly onEnded: (guest: number, outcome: GuestOutcome) => void;
}

/** What is known of a guest between its order and its end. */
interface Seat {
  readonly gate: PauseGate;
  /** Missing while it has not begun. */
  guest?: Guest;
  /** The signal by which it is to end as soon as it has begun. */
  doom?: string;
  /** A cap that came after its order and before it began. */
  memoryBytesMax?: number;
}

/** What a guest was loaded as; the preamble of its file decides. */
type Program =
  | { readonly kind: "module"; readonly module: GuestModule; readonly call?: CoreInvocation }
  | { readonly kind: "component"; readonly plan: ComponentPlan }
  | {
      readonly kind: "application";
      readonly application: ApplicationOrder;
      readonly components: readonly LoadedComponent[];
    };

/** Starts, ends and counts the guests of this cell, known by the numbers that control gave them. */
export class GuestRunner {
  readonly #options: GuestRunnerOptions;
  readonly #loader = createLoader();
  readonly #seats = new Map<number, Seat>();
  /** Ends that control has not confirmed: it may have died before it wrote them down. */
  readonly #ends = new Map<number, GuestOutcome>();

  constructor(options: GuestRunnerOptions) {
    this.#options = options;
  }

  /**
   * Resolves when the guest's first instruction is next: the answer must be on its way before a guest that never
   * yields gets the thread. Owns the descriptors from here on. A guest that cannot run ends as `refused`.
   */
  async start(order: GuestOrder, descriptors: readonly number[]): Promise<void> {
    const { board, sockets } = this.#options;
    const { number } = order;
    const onSignal = (signal: TerminalSignal): void => void this.kill(number, signal);
    const grants = openGrants(order, descriptors, { onSignal, sockets });
    const seat: Seat = { gate: new PauseGate() };
    this.#seats.set(number, seat);
    this.#ends.delete(number);
    board.open(number);
    try {
      const program = await this.#load(order, grants);
      // What a component takes shows when it has begun.
      board.setMemory(number, program.kind === "module" ? initialBytesOf(program.module) : 0);
      setImmediate(() => void this.#run(order, seat, program, grants));
    } catch (error) {
      grants.close();
      this.#seats.delete(number);
      this.#end(number, outcomeOfFailure(error));
    } finally {
      for (const fd of moduleFdsOf(grants)) closeSync(fd);
    }
  }

  /** Resolves once the guest is gone. A guest that keeps the thread is never reached; control sees that by its clock. */
  async kill(number: number, signal: string): Promise<void> {
    const seat = this.#seats.get(number);
    // One that has ended meanwhile is gone already.
    if (seat === undefined) return;
    if (seat.guest === undefined) {
      seat.doom = signal;
      seat.gate.open();
      return;
    }
    seat.guest.kill(signal);
    await seat.guest.ended;
  }

  /** Changes the cap of a guest's memory; one that has more already gets no more. */
  limitMemory(number: number, memoryBytesMax: number): void {
    const seat = this.#seats.get(number);
    if (seat === undefined) return;
    seat.memoryBytesMax = memoryBytesMax;
    seat.guest?.limitMemory(memoryBytesMax);
  }

  /** Keeps the thread from a guest from its next call that waits on. */
  pause(number: number): void {
    this.#seats.get(number)?.gate.close();
  }

  resume(number: number): void {
    this.#seats.get(number)?.gate.open();
  }

  async #load(order: GuestOrder, grants: Grants): Promise<Program> {
    const { number } = order;
    const { meter } = this.#options;
    const compiledMs: number[] = [];
    const onCompiled = (tookMs: number) => compiledMs.push(tookMs);
    const loading = meter.during(number, () => this.#compile(order, grants, onCompiled));
    // From here on V8 compiles beside this thread.
    const add = meter.beside(number);
    const program = await loading;
    for (const tookMs of compiledMs) add(tookMs * 1e6);
    return program;
  }

  async #compile(order: GuestOrder, grants: Grants, onCompiled: (tookMs: number) => void): Promise<Program> {
    const { moduleDigest: digest, memoryBytesMax, start, application } = order;
    const options = { memoryBytesMax, onCompiled };
    if (application !== undefined) {
      const components: LoadedComponent[] = [];
      for (const { order: facts, moduleFd, dependencyFds, preopens, network } of grants.components) {
        const bytes = { component: readModule(moduleFd), dependencies: dependencyFds.map(readModule) };
        const plan = await loadComponent(facts, bytes, options, this.#loader);
        components.push({ facts, plan, preopens, network });
      }
      return { kind: "application", application, components };
    }
    const bytes = readModule(grants.moduleFd);
    if (isComponent(bytes)) return { kind: "component", plan: await compileComponent(bytes, options, this.#loader) };
    const module = await this.#loader.load(bytes, { digest, ...options });
    if (start?.invoke !== undefined) return { kind: "module", module, call: planCoreInvocation(bytes, start.invoke) };
    // A handler is called through the world that the module says; one that says none is a module as any other.
    const plan = moduleExportsHandler(module.exports) ? await compileModule(bytes, options, this.#loader) : undefined;
    return plan === undefined ? { kind: "module", module } : { kind: "component", plan };
  }

  async #run(order: GuestOrder, seat: Seat, program: Program, grants: Grants): Promise<void> {
    const { number } = order;
    let outcome: GuestOutcome;
    try {
      if (seat.gate.isClosed) await seat.gate.whenOpen();
      const config = {
        ...grants.config,
        network: grants.network,
        ...order.start,
        thread: this.#threadOf(number),
        gate: seat.gate,
      };
      const guest = await begin(program, order, config);
      seat.guest = guest;
      if (seat.memoryBytesMax !== undefined) guest.limitMemory(seat.memoryBytesMax);
      if (seat.doom !== undefined) guest.kill(seat.doom);
      outcome = outcomeOf(await guest.ended, guest.memoryRefused());
    } catch (error) {
      outcome = outcomeOfFailure(error);
    }
    this.#seats.delete(number);
    await withinTime(grants.flush(), FLUSH_MS_MAX);
    this.#end(number, outcome);
  }

  /** Every guest that runs or is about to, and every end that is not confirmed. */
  reports(): readonly GuestReport[] {
    const ended = [...this.#ends].map(([guest, outcome]) => ({ guest, outcome }));
    return [...[...this.#seats.keys()].map((guest) => ({ guest })), ...ended];
  }

  forget(number: number): void {
    this.#ends.delete(number);
  }

  #end(number: number, outcome: GuestOutcome): void {
    this.#ends.set(number, outcome);
    this.#options.onEnded(number, outcome);
  }

  /** Tells the shared page when this guest has the thread, and what it uses. */
  #threadOf(number: number): ThreadWatch {
    const { meter } = this.#options;
    return {
      enter: () => meter.enter(number),
      leave: (memoryBytes) => meter.leave(number, memoryBytes),
      yield: (memoryBytes) => meter.yield(number, memoryBytes),
    };
  }
}

/** A component that answers requests does so where it was given a socket; one that is a command too runs without one. */
function begin(
  program: Program,
  { memoryBytesMax, listeners, http, start }: GuestOrder,
  { network, ...config }: GuestConfig & { readonly network: GuestNetwork },
): Promise<Guest> {
  if (program.kind === "module") {
    return startGuest(program.module, program.call === undefined ? config : { ...config, call: program.call });
  }
  const options = { ...httpServiceDefaults, drainMsMax: DRAIN_MS_DEFAULT, ...http };
  if (program.kind === "application") {
    return beginApplication(program, { ...config, network }, { memoryBytesMax, http: options });
  }
  const { plan } = program;
  const isCalled = start?.invoke !== undefined;
  if (isCalled || !exportsHandler(plan.exports) || (listeners.length === 0 && http === undefined)) {
    return startComponent(plan, { ...config, network, memoryBytesMax });
  }
  return serveComponent(plan, {
    ...config,
    network: network.withoutListeners(),
    memoryBytesMax,
    http: options,
  });
}

function moduleFdsOf({ moduleFd, components }: Grants): readonly number[] {
  return [moduleFd, ...components.flatMap((component) => [component.moduleFd, ...component.dependencyFds])];
}

function beginApplication(
  { application, components }: Extract<Program, { kind: "application" }>,
  { args, env: _env, preopens = [], network, ...common }: GuestConfig & { readonly network: GuestNetwork },
  options: Pick<HttpServiceConfig, "memoryBytesMax" | "http">,
): Promise<Guest> {
  // Each component has files and rules of its own; the container's are for who looks into it.
  for (const handle of preopens) handle.close();
  const parts = { components, network };
  if (components[0]?.facts.executor.kind !== "command") {
    return serveApplication(application, parts, { ...common, ...options });
  }
  const { listeners = [], ...given } = common;
  for (const listener of listeners) listener.close();
  return runApplicationCommand(application, parts, { ...given, ...(args && { args }), ...options });
}

/** Reads a module whole, through the descriptor's own position-less reads; its size is checked before any memory is taken. */
function readModule(fd: number): Uint8Array<ArrayBuffer> {
  const { size } = fstatSync(fd);
  if (size > moduleLimits.moduleBytesMax) {
    throw new KwasmError(
      "limit-exceeded",
      `read a module of ${String(size)} bytes: at most ${String(moduleLimits.moduleBytesMax)} are taken; build a smaller one`,
    );
  }
  const bytes = new Uint8Array(size);
  let offset = 0;
  while (offset < size) {
    const read = readSync(fd, bytes, offset, size - offset, offset);
    if (read === 0) break;
    offset += read;
  }
  return bytes.subarray(0, offset);
}

async function withinTime(work: Promise<void>, milliseconds: number): Promise<void> {
  const timeout = Promise.withResolvers<void>();
  const timer = setTimeout(timeout.resolve, milliseconds);
  await Promise.race([work, timeout.promise]);
  clearTimeout(timer);
}
