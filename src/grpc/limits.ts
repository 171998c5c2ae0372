/** What ttrpc allows too, and gRPC by default: the same messages travel by both. */
export const MESSAGE_BYTES_MAX = 4 * 1024 * 1024;

/** Calls of one connection at once: containerd has one connection, on which a Wait of each sandbox stays open. */
export const STREAMS_PER_CONNECTION_MAX = 16_384;

/** containerd has one connection; the rest is for callers beside it. */
export const CONNECTIONS_MAX = 64;
