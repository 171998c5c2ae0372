/**
 * Names of RuntimeClass handlers that ask for Wasm. All are served by the one runtime of the node; they are many so that
 * every manifest written for KWasm, K3s or SpinKube runs unchanged.
 */
export const runtimeHandlers = [
  "kwasm",
  "wasmtime",
  "wasmedge",
  "wasmer",
  "wws",
  "spin",
  "spin-v2",
  "slight",
  "lunatic",
] as const;

export type RuntimeHandler = (typeof runtimeHandlers)[number];

/** Names of RuntimeClasses that stand for a handler where nobody has created the class. */
const classNames: Readonly<Record<string, RuntimeHandler>> = {
  "wasmtime-spin": "spin",
  "wasmtime-spin-v2": "spin",
};

export function isRuntimeHandler(name: string): name is RuntimeHandler {
  return (runtimeHandlers as readonly string[]).includes(name);
}

/** The handler that a RuntimeClass of this name has by convention, or undefined where there is none. */
export function defaultHandlerOf(className: string): RuntimeHandler | undefined {
  return isRuntimeHandler(className) ? className : classNames[className];
}

/** Handlers whose shim is not called `-v1`; the others' names are those of KWasm's own installer. */
const shimFiles: Readonly<Partial<Record<RuntimeHandler, string>>> = {
  spin: "containerd-shim-spin-v2",
  // A handler of a name that has the version already is served by the same shim.
  "spin-v2": "containerd-shim-spin-v2",
};

/** The file that containerd starts for a handler: `io.containerd.spin.v2` is `containerd-shim-spin-v2`. */
export function shimFileOf(handler: RuntimeHandler): string {
  return shimFiles[handler] ?? `containerd-shim-${handler}-v1`;
}
