/** What a core module imports by plain names, such as WASI 0.1, for one instance. */
export interface HostModule {
  readonly imports: Readonly<Record<string, WebAssembly.ImportValue>>;
  /** Tells the memory that pointers refer to, before anything of the module runs but its start function. */
  bind(memory: WebAssembly.Memory): void;
}

/** Finds what stands for a module; asked by components that were made of core modules. */
export type CoreModules = (name: string) => HostModule | undefined;
