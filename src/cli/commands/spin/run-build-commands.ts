import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";

import { KwasmError } from "#base";
import { systemToolHost } from "#image";
import type { SpinComponent } from "#spin";

import type { Io } from "../../frame/io.ts";

interface CommandOptions {
  readonly manifestPath: string;
  readonly signal: AbortSignal;
  /** Whether a component is made anew whose module is there. */
  readonly isForced: boolean;
}

/**
 * Runs `[component.ID.build]` as `spin build` does (crates/build/src/lib.rs of Spin): each command by a shell, in the manifest's
 * directory or the component's `workdir`. Throws `invalid-argument` with all that a command said which failed.
 */
export async function runBuildCommands(
  components: readonly SpinComponent[],
  { manifestPath, signal, isForced }: CommandOptions,
  io: Pick<Io, "stderr">,
): Promise<void> {
  const directory = dirname(manifestPath);
  for (const { id, source, build } of components) {
    if (build === undefined) continue;
    if (!isForced && (source.kind !== "path" || existsSync(resolve(directory, source.path)))) continue;
    for (const command of build.commands) {
      io.stderr.write(`Building component "${id}" by "${command}"\n`);
      const workdir = resolve(directory, build.workdir);
      const { exitCode, stdout, stderr } = await systemToolHost.run(["sh", "-c", command], {
        directory: workdir,
        signal,
      });
      if (exitCode === 0) continue;
      throw new KwasmError(
        "invalid-argument",
        `build component "${id}": "${command}" failed with exit code ${exitCode}:\n${`${stdout}${stderr}`.trimEnd()}`,
      );
    }
  }
}
