import { componentLimits } from "../limits.ts";
import { tooMuch } from "../parser/component-reader.ts";

/** Steps that all work on the types of one file may take: types refer to types, so a small file can ask for much. */
export class TypeBudget {
  #left: number = componentLimits.typeStepsMax;

  spend(steps: number): void {
    this.#left -= steps;
    if (this.#left >= 0) return;
    throw tooMuch("steps of comparing types", componentLimits.typeStepsMax - this.#left, componentLimits.typeStepsMax);
  }
}
