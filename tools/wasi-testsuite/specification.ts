import { existsSync, readFileSync } from "node:fs";

/** What a server answers, or what is expected of ours. */
export interface HttpAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly chunks?: readonly string[];
  readonly trailers?: Readonly<Record<string, string>>;
}

export interface Endpoint {
  readonly method?: string;
  readonly path?: string;
  readonly mode?: "static" | "echo-body" | "echo-headers";
  readonly response?: HttpAnswer | string;
}

/** A server for the guest's own requests, whose address is in `HTTP_SERVER_NAME`. */
export interface EndpointServer {
  readonly name: string;
  /** Nobody listens at the address of one that is closed. */
  readonly kind?: "listening" | "closed";
  readonly endpoints?: readonly Endpoint[];
}

/** A step of a specification (doc/specification.md of the suite). */
export interface Step {
  readonly type: string;
  readonly id?: string;
  readonly payload?: string;
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly response?: HttpAnswer;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly root?: string | null;
  readonly exit_code?: number;
}

export interface Specification {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly root: string | null;
  readonly exit_code: number;
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly world: string;
  readonly servers: readonly EndpointServer[];
  /** What is done while the guest runs, in order. */
  readonly steps: readonly Step[];
}

const defaults: Specification = {
  args: [],
  env: {},
  root: null,
  exit_code: 0,
  stdin: "",
  stdout: "",
  stderr: "",
  world: "wasi:cli/command",
  servers: [],
  steps: [],
};

const proposalsKnown = new Set(["http", "sockets"]);
const stepsBefore = new Set(["run", "read", "write", "wait"]);
const stepsWhile = new Set(["connect", "send", "recv", "request", "kill"]);

/** What a case asks for; the name of a step or a proposal that it needs and this runner has not. */
export function readSpecification(wasm: string): Specification | string {
  const path = wasm.replace(/\.wasm$/, ".json");
  if (!existsSync(path)) return defaults;
  const {
    operations = [],
    proposals = [],
    ...given
  } = JSON.parse(readFileSync(path, "utf8")) as Partial<Specification> & {
    readonly operations?: readonly Step[];
    readonly proposals?: readonly string[];
  };
  const unknown =
    proposals.find((name) => !proposalsKnown.has(name)) ??
    operations.find(({ type }) => !stepsBefore.has(type) && !stepsWhile.has(type))?.type;
  if (unknown !== undefined) return unknown;
  const steps = operations.filter(({ type }) => stepsWhile.has(type));
  return { ...defaults, ...given, ...specificationOf(operations), steps };
}

/** What the other steps say, without their order: what is written first is there when the guest asks for it. */
function specificationOf(operations: readonly Step[]): Partial<Specification> {
  const parts = operations.map((step) => {
    const { type, id = "stdout", payload = "" } = step;
    if (type === "write") return { stdin: payload };
    if (type === "read") return { [id]: payload };
    const { args, env, root, exit_code } = step;
    return stepsBefore.has(type)
      ? { ...(args && { args }), ...(env && { env }), ...(root && { root }), ...(exit_code && { exit_code }) }
      : {};
  });
  return Object.assign({}, ...parts) as Partial<Specification>;
}
