/** How a component answers requests. */
export interface HttpServiceOptions {
  /** Requests that one instance answers, one after the other; 1: each gets an instance of its own. */
  readonly reuse: number;
  /** Requests that are answered at a time. */
  readonly concurrencyMax: number;
  /** Requests that wait for their turn; one more is told that the service is busy. */
  readonly queueMax: number;
  /** How long a request may wait for the head of its answer, milliseconds. */
  readonly answerMsMax: number;
  /** The most bytes of a request's body. */
  readonly bodyBytesMax: number;
  /** How long requests may take to end once the service is to end, milliseconds. */
  readonly drainMsMax: number;
  /** Whether a line is written for each request. */
  readonly logsAccess: boolean;
}

export const httpServiceDefaults: HttpServiceOptions = {
  reuse: 1,
  concurrencyMax: 128,
  queueMax: 1_024,
  answerMsMax: 60_000,
  // A body is never kept whole, so its size costs no memory; the flag is for those who pay for traffic.
  bodyBytesMax: Number.MAX_SAFE_INTEGER,
  drainMsMax: 30_000,
  logsAccess: false,
};
