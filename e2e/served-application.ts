import { endOf, type KwasmCommand, until } from "./command-fixture.ts";

/** What `kwasm serve` serves, for as long as it is not disposed of. */
export interface Served extends AsyncDisposable {
  /** Status and body of an answer; `path` without its first slash. */
  ask(path: string): Promise<readonly [status: number, body: string]>;
}

/** Serves an application: an image by its name, or a path from the root on. */
export async function servedBy(kwasm: KwasmCommand, operand: string): Promise<Served> {
  const serving = kwasm.start(["serve", "--listen", "127.0.0.1:0", operand]);
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  const urlOf = (): string | undefined => /Serving HTTP on (?<url>http:\S+)\n/u.exec(said)?.groups?.["url"];
  await until(
    () => `it serves: ${said}`,
    () => urlOf() !== undefined || serving.exitCode !== null,
  );
  const url = urlOf();
  if (url === undefined) throw new Error(`kwasm serve ${operand}: ${said}`);
  return {
    async ask(path) {
      const answer = await fetch(`${url}${path}`, { headers: { connection: "close" } });
      return [answer.status, await answer.text()];
    },
    async [Symbol.asyncDispose]() {
      serving.kill("SIGTERM");
      await ended;
    },
  };
}
