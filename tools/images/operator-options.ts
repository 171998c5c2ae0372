/**
 * How Node runs the operator: it waits nearly always, so small heaps that are collected more often, and code that is
 * interpreted, cost nothing that anybody sees. By `bench/operator/rest.ts`, the first two halve the process' own memory
 * with a thousand Nodes. The third keeps V8's compilers out of memory: 5 MiB with five Nodes, and 10 with a thousand. There
 * is no WebAssembly then, nor Node's `fetch`, which needs it: the operator asks the API server by `node:https` alone.
 */
export const operatorNodeOptions: readonly string[] = ["--max-semi-space-size=1", "--optimize-for-size", "--lite-mode"];
