import type { Schema } from "../schema/index.ts";
import type { KubeEvent, ObjectMeta } from "./object.ts";

/** What the parts that handle any kind know of an object. */
export interface AnyObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/**
 * Everything that is particular to one kind of object. Reading, printing and storing work from these definitions alone:
 * a new kind is a file with one of them and a line in `table.ts`.
 */
export interface KindDefinition<T extends AnyObject> {
  readonly kind: T["kind"];
  readonly apiVersion: T["apiVersion"];
  /** As in `kubectl get pods`. */
  readonly plural: string;
  /** As in `kubectl get po`. */
  readonly shortNames: readonly string[];
  readonly isNamespaced: boolean;
  /** Checks a document and sets the API server's defaults. */
  readonly read: Schema<T>;
  readonly columns: readonly Column<T>[];
  /** The lines of `describe`, in kubectl's shape but for the events, which every kind has at its end. */
  describe(object: T, context: DescribeContext): readonly DescribeLine[];
}

/** A column of `get`. Methods, so that a table can hold definitions of different objects. */
export interface Column<T> {
  readonly header: string;
  /** Only with `-o wide`. */
  readonly isWide?: boolean;
  cell(object: T, context: PrintContext): string;
}

export interface PrintContext {
  readonly nowMs: number;
}

export interface DescribeContext extends PrintContext {
  /** What happened to the object. */
  readonly events: readonly KubeEvent[];
  /** Objects of its namespace, for what belongs to others: a service's endpoints, a deployment's pods. */
  readonly related: readonly AnyObject[];
}

/**
 * A line at a depth of two blanks a level. Its cells are aligned with those of its neighbours, as Go's tabwriter does;
 * a line of one cell ends a block of aligned lines.
 */
export interface DescribeLine {
  readonly level: number;
  readonly cells: readonly string[];
}

export function line(level: number, ...cells: readonly string[]): DescribeLine {
  return { level, cells };
}

/** A line with a title, or none where there is nothing to say under it. */
export function lineOf(level: number, title: string, text: string | undefined): readonly DescribeLine[] {
  return text === undefined || text === "" ? [] : [line(level, title, text)];
}
