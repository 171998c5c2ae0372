import { trapOf } from "../abi/trap.ts";
import type { ExportedFunction, LinkedComponent } from "../component.ts";
import { compatibilityKey } from "../types/extern-name.ts";
import type { Store } from "../task/store.ts";
import type { ComponentValue } from "../values.ts";
import type { CoreInstances } from "./core-instances.ts";
import type { Frame } from "./frame.ts";
import type { FunctionItem, Item } from "./items.ts";

/** An instance as the host sees it. */
export function linkedComponent(frame: Frame, core: CoreInstances): LinkedComponent {
  const { exports } = frame;
  const running = new RunningCalls();
  return {
    find(name, interfaceName) {
      const items = interfaceName === undefined ? exports : interfaceOf(exports, interfaceName);
      const item = items?.get(name);
      return item?.sort === "func" ? exportedFunction(item.item, frame.state.store, running) : undefined;
    },
    memoryBytes: () => core.bytes(),
    limitMemory: (bytesMax) => core.limit(bytesMax),
    refusedBytes: () => core.refusedBytes(),
    untilEnd: (answer) => untilFailure(answer, frame.state.store),
    whenDone: () => untilFailure(running.whenNone(), frame.state.store),
    abort: (error) => frame.state.store.fail(error),
    release() {
      frame.state.store.end();
      core.release();
    },
  };
}

function interfaceOf(exports: ReadonlyMap<string, Item>, wanted: string): ReadonlyMap<string, Item> | undefined {
  const key = compatibilityKey(wanted);
  for (const [name, item] of exports) {
    if (item.sort === "instance" && (name === wanted || compatibilityKey(name) === key)) return item.item.exports;
  }
  return undefined;
}

function exportedFunction(callee: FunctionItem, store: Store, running: RunningCalls): ExportedFunction {
  function invoke(parameters: readonly ComponentValue[], suspends: boolean): ComponentValue {
    try {
      return callee.invoke(parameters, { caller: undefined, encoding: "host", suspends });
    } catch (error) {
      throw trapOf(error);
    }
  }
  return {
    async call(...parameters) {
      try {
        if (callee.start !== undefined) return await startCall(callee.start, parameters, { store, running });
        store.supervision.enter();
        try {
          const answer: unknown = invoke(parameters, true);
          // A promise can only be one of our own, of a value of the component model.
          return await untilFailure(Promise.resolve(answer as ComponentValue | Promise<ComponentValue>), store);
        } finally {
          store.supervision.leave();
        }
      } catch (error) {
        throw trapOf(error);
      }
    },
    callNow: (...parameters) => store.enterFromHost(() => invoke(parameters, false)),
  };
}

/** Counts calls of async type that the host made. */
class RunningCalls {
  #count = 0;
  readonly #waiting: (() => void)[] = [];

  begin(): void {
    this.#count += 1;
  }

  end(): void {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async whenNone(): Promise<void> {
    while (this.#count > 0) await new Promise<void>((resolve) => void this.#waiting.push(resolve));
  }
}

/** Starts a task and answers with what it returns. */
async function startCall(
  start: NonNullable<FunctionItem["start"]>,
  parameters: readonly ComponentValue[],
  { store, running }: { readonly store: Store; readonly running: RunningCalls },
): Promise<ComponentValue> {
  await store.whenIdle();
  store.requireAlive();
  const { promise, resolve } = Promise.withResolvers<ComponentValue>();
  try {
    running.begin();
    const end = () => running.end();
    store.enterFromHost(() => start({ instance: undefined, start: () => parameters, resolve, end }, "host"));
  } catch (error) {
    store.fail(error);
  }
  return untilFailure(promise, store);
}

/** The answer of a call, or what ended the component before that. */
async function untilFailure<Value>(answer: Promise<Value>, store: Store): Promise<Value> {
  const { promise, resolve, reject } = Promise.withResolvers<Value>();
  const unwatch = store.watch(reject);
  answer.then(resolve, reject);
  try {
    return await promise;
  } finally {
    unwatch();
  }
}
