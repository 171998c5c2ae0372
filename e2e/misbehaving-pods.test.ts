import assert from "node:assert/strict";
import { test } from "node:test";

import type { ContainerStatus, Pod } from "#local";

import { KwasmCommand, until } from "./command-fixture.ts";

const names = ["hog", "opener", "spinner", "ticker"];

/** A pod each for guests of the folder of the manifest. All but the ticker end badly, over and over. */
const manifest = names
  .map(
    (name) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: guest, image: "${name}:v1", resources: { limits: { memory: 32Mi } } }]
`,
  )
  .join("---\n");

function statusIn(pods: readonly Pod[], name: string): ContainerStatus {
  const status = pods.find(({ metadata }) => metadata.name === name)?.status?.containerStatuses[0];
  assert.ok(status !== undefined, `pod ${name} has a status`);
  return status;
}

interface End {
  readonly exitCode: number;
  readonly reason: string;
  readonly message: RegExp;
}

/** How the first run ended, which `get -o json` shows as the last one while the guest is started again. */
async function checkEnd(kwasm: KwasmCommand, name: string, { message, ...expected }: End): Promise<void> {
  let end: ContainerStatus["lastState"]["terminated"];
  await until(`${name} ends`, async () => {
    const { lastState } = statusIn(await kwasm.pods(), name);
    end = lastState.terminated;
    return end !== undefined;
  });
  assert.deepEqual({ exitCode: end?.exitCode, reason: end?.reason }, expected, `${name}: ${end?.message ?? ""}`);
  assert.match(end?.message ?? "", message);
}

test("a spinner, a hog and an opener beside a healthy pod: kwasm answers, and says how each has ended", async () => {
  await using kwasm = new KwasmCommand();
  for (const name of names) kwasm.writeGuest(name, "guests");
  kwasm.write("guests/pods.yaml", manifest);
  kwasm.write("file", "content");
  const inFolder = { cwd: kwasm.directory };
  await kwasm.check("build guests/opener.wasm -t opener:v1 --copy file=/file", {}, inFolder);
  // Whether one of them fails before the spinner holds all of them up is chance.
  assert.match((await kwasm.run(["up", "-d", "guests"], inFolder)).stdout, /^(?:pod\/\w+ created\n){4}/);

  await checkEnd(kwasm, "hog", { exitCode: 137, reason: "OOMKilled", message: /its limit is 33554432 bytes/ });
  await checkEnd(kwasm, "opener", { exitCode: 33, reason: "Error", message: /^$/ });
  await checkEnd(kwasm, "spinner", { exitCode: 137, reason: "Error", message: /kept the thread/ });
  const uid = (await kwasm.pods()).find(({ metadata }) => metadata.name === "spinner")?.metadata.uid ?? "";
  await checkEnd(kwasm, "ticker", {
    exitCode: 137,
    reason: "Error",
    message: new RegExp(`because of "${uid}_guest_0"`),
  });

  await kwasm.check("get pods", {
    stdout: /\nspinner +[01]\/1 .*\nticker +1\/1 +Running +1 \(/,
  });
  await kwasm.check("describe pod hog", { stdout: /\n +Reason: +OOMKilled\n[^]*\n +Exit Code: +137\n/ });
  await kwasm.check("logs ticker --tail 1", { stdout: /^(?:tick\n)+$/ });

  // The spinner goes on in a cell of its own and is ended there again, which its neighbours do not notice.
  await kwasm.podsOnce("the spinner was ended again", (pods) => statusIn(pods, "spinner").restartCount >= 2);
  const ticker = statusIn(await kwasm.pods(), "ticker");
  assert.deepEqual([ticker.ready, ticker.restartCount], [true, 1]);
});
