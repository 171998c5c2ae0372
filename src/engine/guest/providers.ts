/** Who has interfaces that are not offered here, by the beginning of their name; the first that fits counts. */
const providers: readonly { readonly start: RegExp; readonly who: string }[] = [
  { start: /^wasi:[a-z]+\/[a-z-]+@0\.2\.0-rc/, who: "a host of that release candidate; build it anew" },
  { start: /^wasi:[a-z]+\/[a-z-]+@0\.3\./, who: "another host of WASI 0.3" },
  {
    start: /^(?:wasi:(?:keyvalue|config|logging|messaging|blobstore)|wasi:nn|wasi:otel|wasi:tls|wasi:gfx)\//,
    who: "a host of that proposal",
  },
  { start: /^(?:fermyon:spin|fermyon:[a-z-]+|spin:[a-z-]+)\//, who: "Spin" },
  { start: /^(?:wasmcloud:[a-z-]+|wrpc:[a-z-]+)\//, who: "wasmCloud" },
  { start: /^fastly:/, who: "Fastly Compute" },
  { start: /^golem:/, who: "Golem" },
  { start: /^(?:hermes|catalyst):/, who: "Hermes" },
  { start: /^local:/, who: "the project that it was built in; compose it with the component that exports this" },
];

/** Modules from which core modules import what no WASI is. */
const moduleProviders: readonly { readonly start: RegExp; readonly who: string }[] = [
  { start: /^wasi_unstable$/, who: "the WASI before 0.1; build it anew" },
  { start: /^wasi_snapshot_preview1$/, who: "a host with this extension of WASI 0.1" },
  { start: /^wasix_/, who: "WASIX, which is Wasmer's" },
  { start: /^wasi$/, who: "a host of threads" },
  { start: /^wasi_ephemeral_/, who: "WasmEdge, or a host of that proposal" },
  { start: /^(?:wbg|__wbindgen_.*)$/, who: "JavaScript that wasm-bindgen makes" },
  { start: /^(?:go|gojs)$/, who: "JavaScript of Go; build it with GOOS=wasip1" },
  { start: /^(?:a|asyncify|emscripten.*)$/, who: "JavaScript that Emscripten makes" },
  { start: /^(?:\$root|cm32p2.*|.*:.*\/.*)$/, who: "the component that this module is to be part of; make it one" },
];

/** Who has an interface of the component model, where that is known. */
export function providerOf(interfaceName: string): string | undefined {
  return providers.find(({ start }) => start.test(interfaceName))?.who;
}

/** Who has what a core module imports from a module, where that is known. */
export function moduleProviderOf(moduleName: string): string | undefined {
  return moduleProviders.find(({ start }) => start.test(moduleName))?.who;
}
