/** What the stores of one application may take. Spin has no such limits; honest use stays far below. */
export const storageLimits = {
  /** Characters of a key. */
  keyLengthMax: 4_096,
  /** Bytes of one value. */
  valueBytesMax: 16_777_216,
  /** Keys of one answer. */
  keysMax: 1_000_000,
  /** Characters of one statement of SQL. */
  statementLengthMax: 1_048_576,
  parametersMax: 32_766,
  /** Bytes of one answer's rows. */
  rowsBytesMax: 67_108_864,
  /** Connections of one application's instances together. */
  connectionsMax: 256,
  /** Pages of 4 KiB in one file: 1 GiB. */
  pagesMax: 262_144,
  /** The same of a store that is kept in memory: 64 MiB. */
  pagesInMemoryMax: 16_384,
  /** Stores that one instance has open. */
  storesMax: 1_024,
  /** How long one call may take, milliseconds: a statement may never end. */
  callMsMax: 30_000,
  /** How long a call waits for another connection's transaction, milliseconds: Spin's. */
  busyMsMax: 5_000,
} as const;
