import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { KwasmError } from "#base";
import { openClientPrograms } from "../../e2e/cluster/client-programs.ts";
import { openPrefix } from "../../e2e/containerd/prefix.ts";

export const chartDirectory = join(import.meta.dirname, "../../charts/kwasm-operator");

/** The release and its namespace that KWasm's documentation has always used. */
const RELEASE = ["kwasm-operator", chartDirectory, "--namespace", "kwasm"] as const;

const execute = promisify(execFile);

/** Runs the real helm, which sees no configuration of the user's. */
export async function runHelm(...words: readonly string[]): Promise<string> {
  const { busybox } = await openPrefix("1.6");
  const program = join(await openClientPrograms(busybox), "helm");
  await using home = await mkdtempDisposable(join(tmpdir(), "kwasm-helm-"));
  try {
    const { stdout } = await execute(program, words, { env: { HOME: home.path, PATH: process.env["PATH"] } });
    return stdout;
  } catch (error) {
    throw KwasmError.from(error, `run helm "${words[0] ?? ""}"`);
  }
}

/** What the chart makes of values. */
export async function renderChart(values: object, ...flags: readonly string[]): Promise<string> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "kwasm-values-"));
  const path = join(folder.path, "values.yaml");
  // JSON is YAML.
  await writeFile(path, JSON.stringify(values));
  return await runHelm("template", ...RELEASE, "--values", path, ...flags);
}
