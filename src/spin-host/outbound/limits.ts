/** What one instance may take of the data services that it connects to. Honest use stays far below. */
export const outboundLimits = {
  /** Characters of an address. */
  addressLengthMax: 4_096,
  /** Connections that one instance has open or is about to open; Spin's tables have 1,024 places. */
  connectionsMax: 128,
  /** Bytes of one answer as it comes: Spin's is twice that, for a process of its own. */
  answerBytesMax: 67_108_864,
  /** The same of all connections of a process together: guests of one tenant share it. */
  answersBytesMax: 268_435_456,
  /** What a value of an answer is counted as beside its bytes: memory of JavaScript's. */
  valueBytes: 64,
  /** Calls of one connection that have no answer yet. */
  callsMax: 1_024,
  /** Bytes that were sent and that the other side has not taken yet. */
  unsentBytesMax: 67_108_864,
  /** Characters of one statement. */
  statementLengthMax: 1_048_576,
} as const;
