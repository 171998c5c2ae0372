/**
 * Asks a URL over and over at a steady rate, each time by a connection of its own, as the clients of a Service come, and
 * prints how long each answer took: `requests-main.ts URL SECONDS`. What is not answered in time counts as failed.
 */
import { get } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const [url = "", seconds = "10"] = process.argv.slice(2);
const INTERVAL_MS = 20;
const ANSWER_MS_MAX = 5000;

async function ask(): Promise<number> {
  const startedMs = performance.now();
  const answered = Promise.withResolvers<number>();
  const asked = get(url, { agent: false, timeout: ANSWER_MS_MAX }, (response) => {
    const isFine = response.statusCode === 200;
    response.resume().on("end", () => answered.resolve(isFine ? performance.now() - startedMs : Number.NaN));
  });
  asked.on("timeout", () => asked.destroy(new Error("no answer")));
  asked.on("error", () => answered.resolve(Number.NaN));
  return answered.promise;
}

const asking: Promise<number>[] = [];
for (const untilMs = Date.now() + Number(seconds) * 1000; Date.now() < untilMs; await sleep(INTERVAL_MS)) {
  asking.push(ask());
}
console.log(JSON.stringify(await Promise.all(asking)));
