import type { ProgramDescription } from "#engine";

/** What `kwasm inspect` prints. */
export interface Inspected {
  /** What the user called it. */
  readonly name: string;
  readonly digest: string;
  readonly description: ProgramDescription;
}
