import { factsOfExterns } from "../types/make-type.ts";
import type { ComponentType, ExternType, InstanceType, ResourceIdentity } from "../types/types.ts";
import type { SlotBinding } from "../plan/steps.ts";

/** Several worlds as one, with slots for their resources. */
export interface MergedWorld {
  readonly type: ComponentType;
  /** The slot of a resource: the same for all worlds that import its interface. */
  readonly slotOf: (identity: ResourceIdentity) => number;
  readonly slotCount: number;
  /** Where resources come in, by the name of the import. */
  readonly bindings: ReadonlyMap<string, readonly SlotBinding[]>;
}

/**
 * Makes one world of those of a module's libraries. What they import by the same name is the same: the linker made one
 * import of it, so a resource that one library was given is the other's too.
 */
export function mergeWorlds(worlds: readonly ComponentType[]): MergedWorld {
  const merger = new WorldMerger();
  for (const world of worlds) merger.add(world);
  return merger.merged();
}

class WorldMerger {
  readonly #imports = new Map<string, ExternType>();
  readonly #exports = new Map<string, ExternType>();
  readonly #slots = new Map<ResourceIdentity, number>();
  readonly #bindings = new Map<string, SlotBinding[]>();
  #slotCount = 0;

  add({ imports, instance }: ComponentType): void {
    for (const [name, extern] of imports) {
      if (extern.kind === "instance") this.#bindInterface(name, extern.type);
      else if (extern.kind === "type") this.#bind(name, [], extern);
      this.#imports.set(name, merge(this.#imports.get(name), extern));
    }
    for (const [name, extern] of instance.exports) this.#exports.set(name, merge(this.#exports.get(name), extern));
  }

  merged(): MergedWorld {
    const slots = this.#slots;
    let slotCount = this.#slotCount;
    const instance = instanceOf(this.#exports);
    return {
      type: { ...instance, kind: "component type", imports: this.#imports, importedResources: [], instance },
      bindings: this.#bindings,
      get slotCount() {
        return slotCount;
      },
      /** A resource of the module itself gets a slot that nothing fills. */
      slotOf(identity) {
        const known = slots.get(identity);
        if (known !== undefined) return known;
        slots.set(identity, slotCount);
        return slotCount++;
      },
    };
  }

  #bindInterface(name: string, { exports }: InstanceType): void {
    for (const [member, extern] of exports) this.#bind(name, [member], extern);
  }

  #bind(name: string, path: readonly string[], extern: ExternType): void {
    if (extern.kind !== "type" || extern.type.kind !== "resource") return;
    const { identity } = extern.type;
    // One that another interface uses came in before, with the interface that it is of.
    if (this.#slots.has(identity)) return;
    const bindings = this.#bindings.get(name) ?? [];
    const known = bindings.find((binding) => binding.path[0] === path[0]);
    this.#slots.set(identity, known?.slot ?? this.#slotCount);
    if (known !== undefined) return;
    this.#bindings.set(name, [...bindings, { path, slot: this.#slotCount }]);
    this.#slotCount += 1;
  }
}

function merge(known: ExternType | undefined, added: ExternType): ExternType {
  if (known === undefined) return added;
  if (known.kind !== "instance" || added.kind !== "instance") return known;
  return { kind: "instance", type: instanceOf(new Map([...added.type.exports, ...known.type.exports])) };
}

function instanceOf(exports: ReadonlyMap<string, ExternType>): InstanceType {
  return { kind: "instance type", exports, resources: [], outward: 0, ...factsOfExterns(exports.values()) };
}
