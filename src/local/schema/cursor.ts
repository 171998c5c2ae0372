import type { Problem, ProblemList } from "./problem.ts";
import type { MapEntry, Position, Tree } from "./tree.ts";

/** One step of a field path: a key of a map or an index of a list. */
export type PathStep = string | number;

/** A value of a manifest together with its field path and the place where findings about it go. */
export class Cursor {
  readonly tree: Tree;
  readonly path: string;
  readonly file: string;
  readonly list: ProblemList;

  constructor(tree: Tree, place: { readonly path: string; readonly file: string; readonly list: ProblemList }) {
    this.tree = tree;
    this.path = place.path;
    this.file = place.file;
    this.list = place.list;
  }

  /** The value of a key, or undefined where this is no map, the key is not there, or its value is null. */
  field(name: string): Cursor | undefined {
    const entry = this.#entry(name);
    if (entry === undefined || (entry.value.kind === "scalar" && entry.value.value === null)) return undefined;
    return this.#at(entry.value, joinKey(this.path, name));
  }

  /** The items of a list; none where this is no list. */
  items(): readonly Cursor[] {
    if (this.tree.kind !== "list") return [];
    return this.tree.items.map((item, index) => this.#at(item, `${this.path}[${index}]`));
  }

  /** The deepest value on the way along `steps` that is there: the best place for a finding about it. */
  find(...steps: readonly PathStep[]): Cursor {
    const [step, ...rest] = steps;
    if (step === undefined) return this;
    const next = typeof step === "number" ? this.items()[step] : this.field(step);
    return next?.find(...rest) ?? this;
  }

  /** Says that this value is wrong; nothing of the manifest will be started. */
  refuse(message: string): void {
    this.list.refuse(this.#problem(message));
  }

  /**
   * Says that none of several fields is there of which one must be. An object that was read before may lack them all:
   * its choice was one that does not run here, which the first reading warned of and left out.
   */
  refuseNoChoice(message: string): void {
    if (this.list.origin === "written") this.refuse(message);
  }

  warn(message: string): void {
    this.list.warn(this.#problem(message));
  }

  warnOnce(message: string): void {
    this.list.warnOnce(this.#problem(message));
  }

  /** Says that a key of this map is missing. */
  refuseMissing(name: string, hint = ""): void {
    const message = hint === "" ? "Required value" : `Required value: ${hint}`;
    this.list.refuse(this.#problem(message, joinKey(this.path, name)));
  }

  /** A finding about a key itself, at the key's own position: a warning or a refusal as `fieldValidation` has it. */
  reportUnknownField(name: string, message: string): void {
    const problem = this.#problem(message, joinKey(this.path, name), this.#entry(name)?.keyAt);
    if (this.list.fieldValidation === "strict") this.list.refuse(problem);
    else this.list.warn(problem);
  }

  /** A refusal of a key of this map, at the key's own position. */
  refuseKey(name: string, message: string): void {
    this.list.refuse(this.#problem(message, this.path, this.#entry(name)?.keyAt));
  }

  #entry(name: string): MapEntry | undefined {
    return this.tree.kind === "map" ? this.tree.entries.get(name) : undefined;
  }

  #at(tree: Tree, path: string): Cursor {
    return new Cursor(tree, { path, file: this.file, list: this.list });
  }

  #problem(message: string, path: string = this.path, at: Position = this.tree.at): Problem {
    return { file: this.file, line: at.line, column: at.column, path, message };
  }
}

/** Keys with dots (labels, annotations) stand in brackets, as Kubernetes prints them. */
function joinKey(path: string, key: string): string {
  if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `${path}[${key}]`;
  return path === "" ? key : `${path}.${key}`;
}
