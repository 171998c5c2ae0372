import assert from "node:assert/strict";

import { endOf, type KwasmCommand, until } from "./command-fixture.ts";

/** Answers with the status and the text of one request; with a body, it is sent by POST. */
export type Ask = (path: string, body?: string) => Promise<readonly [status: number, text: string]>;

/** Serves what `words` name for as long as `use` takes; answers with all that was said, once it has ended well. */
export async function serveWhile(
  kwasm: KwasmCommand,
  words: readonly string[],
  use: (ask: Ask, url: string) => Promise<void>,
): Promise<string> {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", ...words], { cwd: kwasm.directory });
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until(
      () => `it serves: ${said}`,
      () => /Serving HTTP on http:\S+\n/.test(said),
    );
    const url = /Serving HTTP on (?<url>http:\S+)/.exec(said)?.groups?.["url"] ?? "";
    await use(async (path, body) => {
      const answer = await fetch(`${url}${path}`, body === undefined ? {} : { method: "POST", body });
      return [answer.status, await answer.text()];
    }, url);
    serving.kill("SIGTERM");
    assert.equal((await ended).code, 0);
    return said;
  } finally {
    serving.kill("SIGKILL");
    await ended;
  }
}
