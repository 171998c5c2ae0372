import { KwasmError } from "#base";
import { compatibilityKey } from "../types/extern-name.ts";
import type { Store } from "../task/store.ts";
import type {
  ComponentType,
  ExternType,
  FunctionType,
  InstanceType,
  ResourceIdentity,
  ResourceType,
} from "../types/types.ts";
import type { HostImports, HostInterface } from "../values.ts";
import { hostFunctionItem } from "./host-function.ts";
import type { Item } from "./items.ts";
import { RuntimeResource } from "./resource.ts";

/** Names of a single error message; a component may have thousands of imports, all of them wrong. */
const NAMES_SHOWN_MAX = 100;

/** Finds everything that a component imports among what the host offers, or names all that it lacks. */
export function resolveImports(type: ComponentType, imports: HostImports, store: Store): ReadonlyMap<string, Item> {
  const resolver = new ImportResolver(imports, store);
  const items = new Map<string, Item>();
  for (const [name, extern] of type.imports) {
    const item = resolver.resolve(name, extern);
    if (item !== undefined) items.set(name, item);
  }
  resolver.refuseMissing();
  return items;
}

class ImportResolver {
  readonly #imports: HostImports;
  readonly #store: Store;
  readonly #interfaces = new Map<string, HostInterface>();
  /** Resource types by what the component's types call them: those that came once are the same ever after. */
  readonly #resources = new Map<ResourceIdentity, RuntimeResource>();
  readonly #missing: string[] = [];

  constructor(imports: HostImports, store: Store) {
    this.#imports = imports;
    this.#store = store;
    if (imports.find !== undefined) return;
    for (const [name, offered] of Object.entries(imports.interfaces)) {
      this.#interfaces.set(compatibilityKey(name), offered);
      this.#interfaces.set(name, offered);
    }
  }

  resolve(name: string, extern: ExternType): Item | undefined {
    switch (extern.kind) {
      case "func":
        return this.#function(name, extern.type, { label: name, offered: this.#imports.functions ?? {} });
      case "instance":
        return this.#interface(name, extern.type);
      case "type":
        if (extern.type.kind !== "resource") return { sort: "type", item: undefined };
        return this.#resource(name, extern.type, { name: "", offered: nothing });
      default:
        return this.#lacking(`${extern.kind} "${name}"`);
    }
  }

  refuseMissing(): void {
    if (this.#missing.length === 0) return;
    const shown = this.#missing.slice(0, NAMES_SHOWN_MAX).join(", ");
    const rest = this.#missing.length - NAMES_SHOWN_MAX;
    const more = rest > 0 ? ` and "${rest}" more` : "";
    throw new KwasmError("unsupported", `starting a component: the host does not offer ${shown}${more}`);
  }

  #interface(name: string, type: InstanceType): Item | undefined {
    const offered = this.#offered(name);
    if (offered === undefined && this.#imports.unknown === undefined && needsHost(type)) {
      return this.#lacking(`interface "${name}"`);
    }
    const exports = new Map<string, Item>();
    for (const [member, extern] of type.exports) {
      const item = this.#member(member, extern, { name, offered: offered ?? nothing });
      if (item !== undefined) exports.set(member, item);
    }
    return { sort: "instance", item: { exports } };
  }

  #offered(name: string): HostInterface | undefined {
    if (this.#imports.find !== undefined) return this.#imports.find(name);
    return this.#interfaces.get(name) ?? this.#interfaces.get(compatibilityKey(name));
  }

  #member(member: string, extern: ExternType, from: { name: string; offered: HostInterface }): Item | undefined {
    if (extern.kind === "func") {
      return this.#function(member, extern.type, { label: `${from.name}#${member}`, offered: from.offered.functions });
    }
    if (extern.kind !== "type") return this.#lacking(`${extern.kind} "${from.name}#${member}"`);
    if (extern.type.kind !== "resource") return { sort: "type", item: undefined };
    return this.#resource(member, extern.type, from);
  }

  #resource(
    member: string,
    { identity }: ResourceType,
    from: { name: string; offered: HostInterface },
  ): Item | undefined {
    let resource = this.#resources.get(identity);
    if (resource === undefined) {
      const offered = Object.hasOwn(from.offered.resources, member) ? from.offered.resources[member] : undefined;
      if (offered === undefined && this.#imports.unknown === undefined) {
        return this.#lacking(`resource "${from.name === "" ? "" : `${from.name}#`}${member}"`);
      }
      // A handle of the type holds an object that the host gave for it; of one that is not offered there is none.
      resource = new RuntimeResource(member, undefined, offered?.drop as RuntimeResource["destroy"]);
      this.#resources.set(identity, resource);
    }
    return { sort: "type", item: resource };
  }

  /** Only own properties count: a guest may ask for a name such as "constructor". */
  #function(
    member: string,
    type: FunctionType,
    { label, offered }: { label: string; offered: HostInterface["functions"] },
  ): Item | undefined {
    const source = Object.hasOwn(offered, member) ? offered[member] : this.#imports.unknown?.(label);
    return source === undefined
      ? this.#lacking(`function "${label}"`)
      : { sort: "func", item: hostFunctionItem(label, source, this.#partsOf(type)) };
  }

  #partsOf(type: FunctionType) {
    return { isAsync: type.async, store: this.#store, beforeCall: this.#imports.beforeCall };
  }

  #lacking(what: string): undefined {
    this.#missing.push(what);
    return undefined;
  }
}

const nothing: HostInterface = { functions: {}, resources: {} };

/** An instance of nothing but types that are known by their shape needs nobody to offer it. */
function needsHost(type: InstanceType): boolean {
  return Array.from(type.exports.values()).some((extern) => extern.kind !== "type" || extern.type.kind === "resource");
}
