import assert from "node:assert/strict";

import { endOf, type KwasmCommand, until } from "./command-fixture.ts";

/** Answers of one run of `kwasm serve` to paths, asked one after the other; `program` is what it is given to serve. */
export async function answersOf(
  kwasm: KwasmCommand,
  program: string | readonly string[],
  paths: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<readonly string[]> {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", ...[program].flat()], { cwd: kwasm.directory, env });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until(
      () => `it serves: ${said}`,
      () => /Serving HTTP on http:\S+\n/.test(said),
    );
    const url = /Serving HTTP on (?<url>http:\S+)/.exec(said)?.groups?.["url"] ?? "";
    const answers: string[] = [];
    for (const path of paths) answers.push(await (await fetch(`${url}${path}`)).text());
    serving.kill("SIGTERM");
    assert.equal((await ended).code, 0, said);
    return answers;
  } finally {
    serving.kill("SIGKILL");
    await ended;
  }
}
