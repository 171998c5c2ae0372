import { compatibilityKey, type HostFunction, type HostImports, type HostInterface } from "../component/index.ts";
import type { Interrupt } from "../host/index.ts";
import type { P2Context } from "./context.ts";

/** Interfaces by their name without package and version. */
export type Interfaces = Readonly<Record<string, HostInterface>>;

type MakePackage = (context: P2Context) => Interfaces;

/** Packages in one version, each made for a component when that asks for one of its interfaces. */
export interface VersionedPackages {
  /**
   * The version that names say, and what all versions have in common that stand for it: "0.2.12" and "0.2". Both empty
   * for names that say none.
   */
  readonly version: string;
  readonly compatibleAs: string;
  /** A package, or a single interface of one (`wasi:io/poll`), which is then made apart. */
  readonly packages: Readonly<Record<string, MakePackage>>;
}

/**
 * What one component may import. A component asks for a few of many interfaces, so none is made before. A class, since
 * V8 keeps a getter of an object that is no class's, and all that it refers to, in a type of its own in the old heap.
 */
export class OfferedInterfaces implements HostImports {
  readonly #offered: readonly VersionedPackages[];
  readonly #context: P2Context;
  readonly #packages = new Map<MakePackage, Interfaces>();
  readonly #interfaces = new Map<string, HostInterface>();

  constructor(offered: readonly VersionedPackages[], context: P2Context) {
    this.#offered = offered;
    this.#context = context;
  }

  readonly beforeCall = (): void => this.#context.interrupt.throwIfAborted();

  /**
   * The interface of that name, in the version that it has or in one that stands for it. Whoever calls its functions
   * calls `beforeCall` first.
   */
  find(name: string): HostInterface | undefined {
    const key = compatibilityKey(name);
    const known = this.#interfaces.get(key);
    if (known !== undefined) return known;
    const slash = key.indexOf("/");
    const at = key.lastIndexOf("@");
    if (slash < 0) return undefined;
    const [packageName, rest] = [key.slice(0, slash), key.slice(slash + 1)];
    const [member, version] = at < slash ? [rest, ""] : [key.slice(slash + 1, at), key.slice(at + 1)];
    const packages = this.#offered.find(({ compatibleAs }) => compatibleAs === version)?.packages;
    if (packages === undefined) return undefined;
    const path = `${packageName}/${member}`;
    const made = Object.hasOwn(packages, path) ? path : packageName;
    if (!Object.hasOwn(packages, made)) return undefined;
    const interfaces = this.#made(packages[made]);
    if (!Object.hasOwn(interfaces, member)) return undefined;
    const found = interfaces[member];
    if (found === undefined) return undefined;
    this.#interfaces.set(key, found);
    return found;
  }

  /** All of them, by name and version, with functions that ask by themselves. */
  get interfaces(): Readonly<Record<string, HostInterface>> {
    const names = this.#offered.flatMap(({ version, packages }) =>
      Object.entries(packages).flatMap(([name, make]) =>
        Object.keys(this.#made(make)).map(
          (member) => `${name.replace(/\/.*/u, "")}/${member}${version && `@${version}`}`,
        ),
      ),
    );
    return Object.fromEntries(
      names.flatMap((name) => {
        const found = this.find(name);
        if (found === undefined) return [];
        return [[name, { ...found, functions: guardedFunctions(found.functions, this.#context.interrupt) }] as const];
      }),
    );
  }

  #made(make: MakePackage | undefined): Interfaces {
    if (make === undefined) return {};
    const known = this.#packages.get(make);
    if (known !== undefined) return known;
    const made = make(this.#context);
    this.#packages.set(make, made);
    return made;
  }
}

/** No call of a guest that was ended is answered, also none that has nothing to wait for. */
function guardedFunctions(functions: HostInterface["functions"], interrupt: Interrupt): HostInterface["functions"] {
  const named: Record<string, HostInterface["functions"][string]> = {};
  for (const [name, source] of Object.entries(functions)) {
    named[name] = typeof source === "function" ? guard(source, interrupt) : source;
  }
  return named;
}

function guard(source: HostFunction, interrupt: Interrupt): HostFunction {
  return (...parameters) => {
    interrupt.throwIfAborted();
    return source(...parameters);
  };
}
