import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { test } from "node:test";
import { text } from "node:stream/consumers";

import { greetingComponent, wordsComponent } from "../src/engine/component/testing/greeting-components.ts";
import { publishingComponent } from "../src/engine/component/testing/message-components.ts";
import { httpComponent } from "../src/engine/component/testing/http-component.ts";
import { routingGuest } from "../src/engine/component/testing/http-guests.ts";
import { p3Handler } from "../src/engine/component/testing/p3-handler.ts";
import { readDocuments } from "../tools/tidy/markdown.ts";
import { endOf, KwasmCommand, root, until } from "./command-fixture.ts";
import { redisCommand, startRedis } from "./spin-data/redis-server.ts";
import { assemble } from "./machine-fixture.ts";

const kwasm = new KwasmCommand();
test.after(() => kwasm[Symbol.asyncDispose]());

/** Where the guide listens; tests take any port that is free. */
const guidePlace = "127.0.0.1:3000";

const guide = readDocuments().find(({ path }) => path === "docs/guide/spin.md");

function fencesOf(info: string): readonly string[] {
  return guide?.fences.filter((fence) => fence.info === info).map((fence) => fence.text) ?? [];
}

/** What stands behind `$ ` in the guide, with the output below it. */
function stepsOf(shown: string): readonly (readonly [command: string, output: string])[] {
  return `\n${shown}`
    .split("\n$ ")
    .slice(1)
    .map((step) => {
      const [command = "", ...lines] = step.split("\n");
      return [command, lines.join("\n").trimEnd()] as const;
    });
}

function startShell(command: string) {
  const env = { ...process.env, KWASM_STATE: kwasm.stateDirectory, PATH: `${root}:${process.env["PATH"] ?? ""}` };
  return spawn("sh", ["-c", `exec ${command}`], { cwd: kwasm.directory, env });
}

/** Runs what one section shows: its manifest, with `files` beside it, and its commands, of which the first one serves. */
async function checkSection(
  number: number,
  files: Readonly<Record<string, string | Uint8Array>>,
  use: (url: string) => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const manifest = fencesOf("toml")[number] ?? "";
  const [first, ...others] = stepsOf(fencesOf("text")[number] ?? "");
  assert.ok(first !== undefined && others.length > 0);
  const [serve, served] = first;
  for (const [name, content] of Object.entries({ ...files, "spin.toml": manifest })) kwasm.write(name, content);
  const serving = startShell(`env ${serve.replace(guidePlace, "127.0.0.1:0")}`);
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  try {
    await until(
      () => `it serves: ${said}`,
      () => said.includes("\n"),
    );
    const place = /127\.0\.0\.1:\d+/.exec(said)?.[0] ?? "";
    assert.equal(said.trimEnd().replace(place, guidePlace), served);
    for (const [command, output] of others) {
      assert.equal((await text(startShell(command.replace(guidePlace, place)).stdout)).trimEnd(), output, command);
    }
    await use(`http://${place}`);
  } finally {
    serving.kill("SIGTERM");
    await ended;
  }
}

test("the manifest and the commands of the guide to Spin do what it shows", async () => {
  const files = { "target/wasm32-wasip2/release/shop.wasm": p3Handler(), "static/a.txt": "a" };
  await checkSection(0, files, async (url) => {
    const shop = await fetch(`${url}/shop/cart`, { method: "POST", body: "one apple" });
    assert.deepEqual([shop.status, await shop.text()], [200, "one apple"]);
  });
});

test("components ask each other as the guide shows", async () => {
  const guest = httpComponent(routingGuest);
  await checkSection(1, { "front.wasm": guest, "back.wasm": guest });
});

test("a command answers requests as the guide shows", async () => {
  await checkSection(2, { "echo.wasm": assemble("cat") });
});

test("a command is run as the guide shows", async () => {
  kwasm.write("spin.toml", fencesOf("toml")[3] ?? "");
  kwasm.write("job.wasm", assemble("words"));
  const [[command, output] = ["", ""]] = stepsOf(fencesOf("text")[3] ?? "");
  assert.equal((await text(startShell(command).stdout)).trimEnd(), output);
});

test("messages of Redis are given as the guide shows", async () => {
  await using redis = await startRedis();
  const local = (shown: string): string => shown.replace("127.0.0.1:6379", `127.0.0.1:${redis.port}`);
  const [shown = "", line = ""] = [fencesOf("text")[4], fencesOf("log")[0]];
  const [[serve, listening] = ["", ""], [publish, published] = ["", ""]] = stepsOf(shown);
  kwasm.write("spin.toml", local(fencesOf("toml")[4] ?? ""));
  kwasm.write("reader.wasm", publishingComponent("redis://127.0.0.1"));
  const serving = startShell(serve);
  const ended = endOf(serving);
  let said = "";
  serving.stderr.on("data", (chunk) => (said += String(chunk)));
  const says = (words: string) =>
    until(
      () => `it says ${words}: ${said}`,
      () => said.includes(`${words}\n`),
    );
  try {
    await says(local(listening));
    const sent = publish.split(" ").slice(1);
    const program = await redisCommand([
      "-p",
      String(redis.port),
      "--no-raw",
      ...sent.map((word) => word.replaceAll("'", "")),
    ]);
    assert.equal(execFileSync(program[0] ?? "", program.slice(1), { encoding: "utf8" }).trimEnd(), published);
    await says(line.trimEnd());
  } finally {
    serving.kill("SIGTERM");
    await ended;
  }
  assert.equal((await ended).code, 0);
});

test("a dependency stands for an import as the guide shows", async () => {
  await checkSection(5, { "greeting.wasm": greetingComponent(), "words.wasm": wordsComponent() });
});
