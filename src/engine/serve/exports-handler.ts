import type { ExternName } from "../component/index.ts";

/** What a component exports that answers requests, the newest first; patches of a minor version are one. */
const handlerExports = [
  { pattern: /^wasi:http\/handler@0\.3\.\d+$/, generation: "0.3" },
  { pattern: /^wasi:http\/handler@0\.3\.0-rc-2026-03-15$/, generation: "0.3" },
  { pattern: /^wasi:http\/incoming-handler@0\.2\.\d+$/, generation: "0.2" },
  { pattern: /^wasi:http\/incoming-handler@0\.2\.0-rc-2023-1(?:0-18|1-10)$/, generation: "0.2" },
  // Of Spin before it had wasi:http: a request and a response as records, with their bodies.
  { pattern: /^fermyon:spin\/inbound-http$/, generation: "whole" },
  { pattern: /^handle-http-request$/, generation: "whole" },
] as const;

const oldHandler = "handle-http-request";

/** The interface that requests are given to, and how it takes them. */
export interface HandlerExport {
  readonly name: string;
  readonly generation: "0.2" | "0.3" | "whole";
  /** Whether it is a function of the component itself, and of no interface. */
  readonly isFunction: boolean;
}

export function findHandler(exports: readonly ExternName[]): HandlerExport | undefined {
  for (const { pattern, generation } of handlerExports) {
    const found = exports.find(({ name }) => pattern.test(name));
    if (found !== undefined) return { name: found.name, generation, isFunction: found.kind === "func" };
  }
  return undefined;
}

/**
 * Whether a core module exports a function of a handler, by the name that binding generators give it: `INTERFACE#FUNCTION`,
 * or that of Spin 1 alone.
 */
export function moduleExportsHandler(exports: readonly { readonly name: string }[]): boolean {
  return exports.some(({ name }) => {
    const [handler = "", member] = name.split("#");
    return name === oldHandler || (member !== undefined && handlerExports.some(({ pattern }) => pattern.test(handler)));
  });
}

/** Whether these are the exports of a component that answers HTTP requests. */
export function exportsHandler(exports: readonly ExternName[]): boolean {
  return findHandler(exports) !== undefined;
}
