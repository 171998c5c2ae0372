import type { FunctionType, ResourceIdentity, ValueType } from "../types/types.ts";
import { type FunctionPlan, planFunction } from "./function-plan.ts";
import { planChannel, planErrorContext } from "./plan-channel.ts";
import { planFlags, planRecord, planTuple } from "./plan-compound.ts";
import { planHandle } from "./plan-handle.ts";
import { byteElements, type ElementPlan, planElements, planFixedList, planList } from "./plan-list.ts";
import { primitivePlans } from "./plan-primitive.ts";
import { namedShape, optionShape, planVariant, taggedShape } from "./plan-variant.ts";
import type { ValuePlan } from "./value-plan.ts";

/** About what an object of two fields takes. */
const TAGGED_HEAP_BYTES = 40;

/** Makes plans for the types of one component, each once; resources are found in the component's own slots. */
export class AbiPlanner {
  readonly #slotOf: (identity: ResourceIdentity) => number;
  readonly #values = new Map<ValueType, ValuePlan>();
  readonly #functions = new Map<FunctionType, FunctionPlan>();

  constructor(slotOf: (identity: ResourceIdentity) => number) {
    this.#slotOf = slotOf;
  }

  function(type: FunctionType): FunctionPlan {
    const known = this.#functions.get(type);
    if (known !== undefined) return known;
    const made = planFunction(type, (of) => this.value(of));
    this.#functions.set(type, made);
    return made;
  }

  value(type: ValueType): ValuePlan {
    const known = this.#values.get(type);
    if (known !== undefined) return known;
    const made = this.#plan(type);
    this.#values.set(type, made);
    return made;
  }

  #optional(type: ValueType | undefined): ValuePlan | undefined {
    return type === undefined ? undefined : this.value(type);
  }

  #plan(type: ValueType): ValuePlan {
    switch (type.kind) {
      case "primitive":
        return type.type === "error-context" ? planErrorContext() : primitivePlans[type.type];
      case "record":
        return planRecord(type.fields.map((field) => ({ name: field.name, plan: this.value(field.type) })));
      case "tuple":
        return planTuple(type.types.map((of) => this.value(of)));
      case "flags":
        return planFlags(type.names);
      case "enum":
        return planVariant(namedShape(type.names), TAGGED_HEAP_BYTES);
      case "variant": {
        const cases = type.cases.map((entry) => this.#optional(entry.type));
        const names = type.cases.map((entry) => entry.name);
        return planVariant(taggedShape(names, cases), TAGGED_HEAP_BYTES);
      }
      case "result": {
        const cases = [this.#optional(type.ok), this.#optional(type.err)];
        return planVariant(taggedShape(["ok", "err"], cases), TAGGED_HEAP_BYTES);
      }
      case "option":
        return planVariant(optionShape(this.value(type.type), type.type.kind === "option"), TAGGED_HEAP_BYTES);
      case "list":
        return this.#planList(type.element, type.length);
      case "map":
        return planList(planElements(planTuple([this.value(type.key), this.value(type.value)])));
      case "own":
      case "borrow":
        return planHandle(this.#slotOf(type.resource.identity), type.kind === "own");
      case "stream":
      case "future":
        return planChannel(type);
    }
  }

  #planList(type: ValueType, length: number | undefined): ValuePlan {
    const elements = this.elements(type);
    return length === undefined ? planList(elements) : planFixedList(this.value(type), elements, length);
  }

  /** How many values of the type, one behind the other, are read and written. */
  elements(type: ValueType): ElementPlan {
    const isByte = type.kind === "primitive" && type.type === "u8";
    return isByte ? byteElements : planElements(this.value(type));
  }
}
