import type { HostFunction, HostImports, Supervision, SuspendingFunction } from "../component/index.ts";
import type { HostHooks } from "../guest/host-contract.ts";
import { makeUncatchableError } from "../guest/trap-error.ts";
import {
  type AnswerInside,
  ConnectingClient,
  type Field,
  sendWhole,
  trustOf,
  type WholeRequest,
  type WholeResponse,
} from "../host/http/index.ts";
import {
  type Clocks,
  type DatagramSocket,
  discardedOutput,
  endedInput,
  fillSecureRandom,
  GuestNetwork,
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
import { supervisionOf, waiting } from "./calls.ts";
import { candidatePackages } from "./candidates/index.ts";
import { cliInterfaces } from "./cli.ts";
import { monotonicClockInterface, timezoneInterface, wallClockInterface } from "./clocks.ts";
import type { P2Context } from "./context.ts";
import { filesystemTypesInterface, preopensInterface } from "./filesystem/types.ts";
import { httpTypesInterface, outgoingHandlerInterface } from "./http/index.ts";
import { errorInterface, pollInterface } from "./io/poll.ts";
import { streamsInterface } from "./io/streams.ts";
import { OfferedInterfaces, type VersionedPackages } from "./offered-interfaces.ts";
import { socketInterfaces } from "./sockets/index.ts";
import { insecureInterface, insecureSeedInterface, randomInterface } from "./random.ts";

/** What makers of interfaces are given for one instance. */
export interface HostTools {
  /** A function that may answer with a promise: its guest is suspended, watched and ended as in calls of WASI. */
  readonly waiting: (call: HostFunction) => SuspendingFunction;
  /** What the instance may do with the network; closed with it. */
  readonly network: GuestNetwork;
  /** Sends a request of the instance, to where it may, and answers with all of the response. Rejects with an HttpFailure. */
  readonly sendWhole: (request: WholeRequest) => Promise<WholeResponse>;
}

/** Interfaces for one instance. */
export interface HostPackages {
  readonly versions: readonly VersionedPackages[];
  /** Called at the instance's end: nothing of it calls any more. */
  readonly close: () => void;
}

/** Everything one component is given. What is left out, it does not have. The host owns all handles in here. */
export interface P2Config extends HostHooks {
  readonly args?: readonly string[];
  readonly env?: readonly (readonly [name: string, value: string])[];
  /** Left out: at its end from the start. */
  readonly stdin?: InputStream;
  /** Left out: discarded. */
  readonly stdout?: OutputStream;
  readonly stderr?: OutputStream;
  readonly preopens?: readonly MountTree[];
  /** Sockets that were opened for the guest, to be closed with the rest; `network` is what gives them to it. */
  readonly listeners?: readonly (Listener | DatagramSocket)[];
  /** Left out: nothing of the network is granted. */
  readonly network?: GuestNetwork;
  /** Makes interfaces of others that the component may import too. */
  readonly packages?: (tools: HostTools) => HostPackages;
  /** Fields that say which trace the guest's own requests belong to; left out: none. */
  readonly traceFields?: () => readonly Field[];
  /** Answers some of the component's requests in this process; left out: all go out by its network. */
  readonly answerInside?: AnswerInside;
  readonly clocks?: Clocks;
  readonly fillRandom?: FillRandom;
  readonly turn?: Turn;
}

/** WASI 0.2 for one component. */
export interface P2Host {
  readonly imports: HostImports;
  /** Has a say in when tasks of the component go on. */
  readonly supervision: Supervision;
  /** Whether an interface is offered, in the version that its name has or in one that stands for it. */
  readonly offers: (interfaceName: string) => boolean;
  /** Ends the component from outside: every call that waits rejects with this very `error`, every later one throws it. */
  abort(error: Error): void;
  /** Ends what still waits, and releases everything that the component was given; idempotent. */
  close(): void;
}

/** `offered` are packages of several versions: components import several at once. */
export function createP2Host(config: P2Config, offered: readonly VersionedPackages[] = packagesOfP2): P2Host {
  const context = createContext(config);
  const added = config.packages?.({
    waiting: (call) => waiting(context, call),
    network: context.network,
    sendWhole: (request) => sendWhole(context.httpClient, request),
  });
  const imports = new OfferedInterfaces(added === undefined ? offered : [...offered, ...added.versions], context);
  return {
    imports,
    supervision: supervisionOf(context),
    offers: (name) => imports.find(name) !== undefined,
    abort: (error) => context.interrupt.abort(error),
    close() {
      context.httpClient.close();
      context.interrupt.abort((guestEnded ??= makeUncatchableError("the guest has ended")));
      context.network.close();
      added?.close();
      closeGrants(config);
    },
  };
}

/** One for all: it is made for each end of a guest otherwise, with a stack that nobody reads. */
let guestEnded: Error | undefined;

function closeGrants({ stdin, stdout, stderr, preopens = [], listeners = [] }: P2Config): void {
  for (const handle of [stdin, stdout, stderr, ...preopens, ...listeners]) handle?.close();
}

function createContext(config: P2Config): P2Context {
  return {
    args: config.args ?? [],
    env: config.env ?? [],
    stdin: config.stdin ?? endedInput,
    stdout: config.stdout ?? discardedOutput,
    stderr: config.stderr ?? discardedOutput,
    preopens: config.preopens ?? [],
    ...networkOf(config),
    clocks: config.clocks ?? systemClocks,
    fillRandom: config.fillRandom ?? fillSecureRandom,
    interrupt: new Interrupt(),
    turn: config.turn ?? threadTurn,
    hooks: config,
  };
}

/** Without a grant, one that allows nothing. */
function networkOf(config: P2Config): Pick<P2Context, "network" | "httpClient"> {
  const { network, traceFields = noFields, answerInside, env = [], preopens = [] } = config;
  const own = network?.forInstance() ?? new GuestNetwork({ policy: { outbound: [], binds: [] } });
  const trust = () => trustOf({ env, preopens });
  return {
    network: own,
    httpClient: new ConnectingClient(own, { traceFields, trust, ...(answerInside && { answerInside }) }),
  };
}

function noFields(): readonly Field[] {
  return [];
}

const ours: VersionedPackages = {
  version: "0.2.12",
  compatibleAs: "0.2",
  packages: {
    "wasi:cli": cliInterfaces,
    "wasi:clocks": (context) => ({
      "monotonic-clock": monotonicClockInterface(context),
      "wall-clock": wallClockInterface(context),
      timezone: timezoneInterface,
    }),
    "wasi:filesystem": (context) => ({
      types: filesystemTypesInterface(context),
      preopens: preopensInterface(context),
    }),
    "wasi:http": (context) => ({ types: httpTypesInterface, "outgoing-handler": outgoingHandlerInterface(context) }),
    "wasi:io": (context) => ({
      error: errorInterface,
      poll: pollInterface(context),
      streams: streamsInterface(context),
    }),
    "wasi:random": (context) => ({
      random: randomInterface(context),
      insecure: insecureInterface(context),
      "insecure-seed": insecureSeedInterface(context),
    }),
    "wasi:sockets": ({ network }) => socketInterfaces(network),
  },
};

/** The packages of WASI 0.2 and of its candidates. */
export const packagesOfP2: readonly VersionedPackages[] = [ours, ...candidatePackages(ours.packages)];
