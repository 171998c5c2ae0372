/** A value of PostgreSQL as `spin:postgres/postgres@4.2.0` has it; older versions have fewer cases. */
export interface PostgresValue {
  readonly tag: string;
  readonly value?: unknown;
}

/** A column's type, with its name where it is `other`. */
export interface PostgresType {
  readonly tag: string;
  readonly value?: string;
}

export interface PostgresColumn {
  readonly name: string;
  readonly type: PostgresType;
}

/** What a statement answered with. */
export interface PostgresResult {
  readonly columns: readonly PostgresColumn[];
  readonly rows: readonly (readonly PostgresValue[])[];
  /** Rows that it found or changed. */
  readonly count: bigint;
}

export type Moment = readonly [
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
  nanosecond: number,
];
