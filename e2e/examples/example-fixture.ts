import assert from "node:assert/strict";
import { cpSync, mkdtempDisposableSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";

import { KwasmCommand, root } from "../command-fixture.ts";
import type { OpenToolchain } from "./toolchains.ts";

/** The example `examples/PATH`, built by `kwasm build`. */
export class BuiltExample implements AsyncDisposable {
  readonly kwasm = new KwasmCommand();
  readonly image: string;

  constructor(path: string) {
    this.image = path.replaceAll("/", "-");
  }

  /** Builds it from a copy, since compilers leave folders of theirs beside the source. */
  async build(path: string, open: OpenToolchain): Promise<void> {
    using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-example-"));
    const source = join(scratch.path, basename(path));
    cpSync(join(root, "examples", path), source, { recursive: true });
    const env = await open(source);
    const { code, stderr } = await this.kwasm.run(["build", source, "-t", this.image], { env });
    assert.equal(code, 0, stderr);
  }

  /** Runs it to its end as a user does: `options` stand before the image, `rest` behind it. */
  async check(options: readonly string[], rest: readonly string[], stdout: string): Promise<void> {
    const ended = await this.kwasm.run(["run", ...options, this.image, ...rest]);
    assert.deepEqual(ended, { code: 0, stdout, stderr: "" });
  }

  /** Size of its module or component. */
  async byteLength(): Promise<number> {
    const { code, stdout, stderr } = await this.kwasm.run(["inspect", "--format", "json", this.image]);
    assert.equal(code, 0, stderr);
    // What the command prints has it at the top.
    return (JSON.parse(stdout) as { readonly Size: number }).Size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kwasm[Symbol.asyncDispose]();
  }
}

export async function buildExample(path: string, open: OpenToolchain): Promise<BuiltExample> {
  const example = new BuiltExample(path);
  try {
    await example.build(path, open);
    return example;
  } catch (error) {
    await example[Symbol.asyncDispose]();
    throw error;
  }
}
