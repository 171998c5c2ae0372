import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { KwasmError } from "#base";
import {
  compileComponent,
  type ComponentPlan,
  type ComponentValue,
  isComponent,
  type LinkedComponent,
} from "../../src/engine/component/index.ts";
import { type JsonValue, sameValue, valueOf } from "./json-value.ts";

interface Action {
  readonly type: "invoke";
  readonly module?: string;
  readonly field: string;
  readonly args: readonly JsonValue[];
}

/** A command of a script, as `wasm-tools json-from-wast` writes it. */
export interface Command {
  readonly type: string;
  readonly line: number;
  readonly name?: string;
  readonly filename?: string;
  readonly module_type?: string;
  readonly instance?: string;
  readonly module?: string;
  readonly action?: Action;
  readonly expected?: readonly JsonValue[];
  readonly text?: string;
}

const memoryBytesMax = 64 * 1_048_576;

/** No call takes a second; one that hangs must not hang the others. */
const callTimeoutMs = 5_000;

/** Runs the commands of one script; answers what went wrong, by line, where something did. */
export async function runScript(folder: string, commands: readonly Command[]): Promise<Map<number, string>> {
  const script = new Script(folder);
  const problems = new Map<number, string>();
  for (const command of commands) {
    const problem = await script.run(command);
    if (problem !== undefined) problems.set(command.line, problem);
  }
  return problems;
}

class Script {
  readonly #folder: string;
  readonly #plans = new Map<string, ComponentPlan>();
  readonly #instances = new Map<string, LinkedComponent>();
  #last: LinkedComponent | undefined;
  #lastPlan: ComponentPlan | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async run(command: Command): Promise<string | undefined> {
    try {
      return await this.#do(command);
    } catch (error) {
      if (command.type === "module" || command.type === "module_instance") this.#last = undefined;
      return error instanceof Error ? error.message : String(error);
    }
  }

  async #do(command: Command): Promise<string | undefined> {
    switch (command.type) {
      case "module":
        await this.#define(command);
        this.#instantiate(command.name, this.#lastPlan);
        return undefined;
      case "module_definition":
        await this.#define(command);
        return undefined;
      case "module_instance": {
        const plan = command.module === undefined ? this.#lastPlan : this.#plans.get(command.module);
        this.#instantiate(command.instance, plan);
        return undefined;
      }
      case "assert_invalid":
      case "assert_malformed":
        return this.#refuses(command);
      case "assert_uninstantiable":
        return this.#fails(WebAssembly.RuntimeError, async () => {
          await this.#define(command);
          this.#instantiate(undefined, this.#lastPlan);
        });
      case "assert_trap":
        return this.#fails(WebAssembly.RuntimeError, () => this.#invoke(command.action));
      case "action":
        await this.#invoke(command.action);
        return undefined;
      case "assert_return":
        return this.#compare(await this.#invoke(command.action), command.expected ?? []);
      default:
        return `the command "${command.type}" is not known`;
    }
  }

  async #define({ filename, name }: Command): Promise<void> {
    this.#lastPlan = undefined;
    const plan = await compileComponent(readFileSync(join(this.#folder, filename ?? "")), { memoryBytesMax });
    this.#lastPlan = plan;
    if (name !== undefined) this.#plans.set(name, plan);
  }

  #instantiate(name: string | undefined, plan: ComponentPlan | undefined): void {
    this.#last = undefined;
    if (plan === undefined) throw new Error("there is no component to make an instance of");
    this.#last = plan.instantiate({ interfaces: {} });
    if (name !== undefined) this.#instances.set(name, this.#last);
  }

  async #refuses({ filename = "" }: Command): Promise<string | undefined> {
    if (!filename.endsWith(".wasm")) return undefined;
    const bytes = readFileSync(join(this.#folder, filename));
    if (!isComponent(bytes)) return undefined;
    return this.#fails(KwasmError, () => compileComponent(bytes, { memoryBytesMax }));
  }

  /** What fails otherwise than by an error of that kind does not fail as it is expected to. */
  async #fails(kind: typeof KwasmError | typeof WebAssembly.RuntimeError, call: () => Promise<unknown>) {
    try {
      await call();
    } catch (error) {
      return error instanceof kind ? undefined : `${String(error)} instead of ${kind.name}`;
    }
    return "it was expected to fail and did not";
  }

  async #invoke(action: Action | undefined): Promise<ComponentValue> {
    const instance = action?.module === undefined ? this.#last : this.#instances.get(action.module);
    const callee = instance?.find(action?.field ?? "");
    if (callee === undefined) throw new TypeError(`there is no function "${action?.field}" to call`);
    const timeout = new AbortController();
    const late = sleep(callTimeoutMs, undefined, { signal: timeout.signal }).then(() => {
      throw new Error(`it ran for ${callTimeoutMs} ms`);
    });
    try {
      return await Promise.race([callee.call(...(action?.args ?? []).map(valueOf)), late]);
    } finally {
      timeout.abort();
      late.catch(() => undefined);
    }
  }

  #compare(result: ComponentValue, [expected]: readonly JsonValue[]): string | undefined {
    const wanted = expected === undefined ? undefined : valueOf(expected);
    return sameValue(result, wanted) ? undefined : `${print(result)} instead of ${print(wanted)}`;
  }
}

function print(value: ComponentValue): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (typeof part === "bigint") return String(part);
    return part instanceof Set ? Array.from(part) : part;
  });
}
