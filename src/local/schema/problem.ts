import type { Position } from "./tree.ts";

/** One thing that is wrong with a manifest, or that a user should know before it runs. */
export interface Problem extends Position {
  /** The file's name as the user gave it, `-` for standard input. */
  readonly file: string;
  /** `spec.template.spec.containers[0].image`; empty where the whole document is meant. */
  readonly path: string;
  /** Worded as kubectl words it: `Invalid value: "x": …`, `Required value`, `Duplicate value: "x"`. */
  readonly message: string;
}

/** `FILE:LINE:COLUMN: PATH: MESSAGE`, the form that editors and terminals turn into links. */
export function formatProblem(problem: Problem): string {
  const place = `${problem.file}:${problem.line}:${problem.column}`;
  return problem.path === "" ? `${place}: ${problem.message}` : `${place}: ${problem.path}: ${problem.message}`;
}

/** Problems kept of one reading. A hostile file could have one a line; nobody reads past the first hundred. */
export const PROBLEMS_MAX = 100;

/** How strictly fields that Kubernetes does not have are taken, as `kubectl --validate` names it. */
export type FieldValidation = "strict" | "warn";

/** Where an object comes from: from a person, or from a reading before, which has left out what does not run here. */
export type ObjectOrigin = "written" | "admitted";

/** Collects what one reading finds, in order, each thing once. */
export class ProblemList {
  readonly fieldValidation: FieldValidation;
  readonly origin: ObjectOrigin;
  readonly #problems = new Map<string, Problem>();
  readonly #warnings = new Map<string, Problem>();

  constructor(fieldValidation: FieldValidation, origin: ObjectOrigin = "written") {
    this.fieldValidation = fieldValidation;
    this.origin = origin;
  }

  get problems(): readonly Problem[] {
    return [...this.#problems.values()];
  }

  get warnings(): readonly Problem[] {
    return [...this.#warnings.values()];
  }

  get isFull(): boolean {
    return this.#problems.size >= PROBLEMS_MAX;
  }

  refuse(problem: Problem): void {
    if (!this.isFull) this.#problems.set(formatProblem(problem), problem);
  }

  warn(problem: Problem): void {
    if (this.#warnings.size < PROBLEMS_MAX) this.#warnings.set(formatProblem(problem), problem);
  }

  /** For what is worth saying once, however many objects have it. */
  warnOnce(problem: Problem): void {
    if (!this.#warnings.has(problem.message)) this.#warnings.set(problem.message, problem);
  }
}
