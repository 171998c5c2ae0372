import assert from "node:assert/strict";
import { test } from "node:test";

import type { ContainerStatus, Pod } from "#local";

import { KwasmCommand, until } from "./command-fixture.ts";

/** Guests that end badly, over and over. */
const misbehaving = ["hog", "opener", "spinner"];

/** A pod each for guests of the folder of the manifest. */
function manifestOf(names: readonly string[]): string {
  return names
    .map(
      (name) => `apiVersion: v1
kind: Pod
metadata: { name: ${name} }
spec:
  containers: [{ name: guest, image: "${name}:v1", resources: { limits: { memory: 32Mi } } }]
`,
    )
    .join("---\n");
}

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

/** Waits until the guest has ended so, which is shown as its last state while it is started again. */
async function checkEnd(kwasm: KwasmCommand, name: string, { exitCode, reason, message }: End): Promise<void> {
  let end: ContainerStatus["lastState"]["terminated"];
  const describe = (): string => `${name} ends with ${exitCode} and ${reason}: ${JSON.stringify(end)}`;
  await until(describe, async () => {
    end = statusIn(await kwasm.pods(), name).lastState.terminated;
    return end?.exitCode === exitCode && end.reason === reason && message.test(end.message ?? "");
  });
}

test("a spinner, a hog and an opener beside a healthy pod: kwasm answers, and says how each has ended", async () => {
  await using kwasm = new KwasmCommand();
  for (const name of ["ticker", ...misbehaving]) kwasm.writeGuest(name, "guests");
  kwasm.write("guests/ticker.yaml", manifestOf(["ticker"]));
  kwasm.write("guests/others.yaml", manifestOf(misbehaving));
  kwasm.write("file", "content");
  const inFolder = { cwd: kwasm.directory };
  await kwasm.check("build guests/opener.wasm -t opener:v1 --copy file=/file", {}, inFolder);
  // The neighbour is there before the spinner holds up those who come later.
  await kwasm.check("up -d guests/ticker.yaml", { stdout: /^pod\/ticker created\n/, stderr: /^Building/ }, inFolder);
  await until("the ticker runs", async () => statusIn(await kwasm.pods(), "ticker").ready);
  // Whether one of them fails before the spinner holds all of them up is chance.
  assert.match((await kwasm.run(["up", "-d", "guests"], inFolder)).stdout, /^(?:pod\/\w+ (?:created|unchanged)\n){4}/);

  await checkEnd(kwasm, "spinner", { exitCode: 137, reason: "Error", message: /kept the thread/ });
  const because = /because of "default\/spinner\/guest"/;
  await checkEnd(kwasm, "ticker", { exitCode: 137, reason: "Error", message: because });
  await checkEnd(kwasm, "hog", { exitCode: 137, reason: "OOMKilled", message: /its limit is 33554432 bytes/ });
  await checkEnd(kwasm, "opener", { exitCode: 33, reason: "Error", message: /^$/ });

  await kwasm.check("get pods", { stdout: /\nspinner +1\/1 +Running +1 \(.*\nticker +1\/1 +Running +1 \(/ });
  await kwasm.check("describe pod hog", { stdout: /\n +Reason: +OOMKilled\n[^]*\n +Exit Code: +137\n/ });
  await kwasm.check("logs ticker --tail 1", { stdout: /^(?:tick\n)+$/ });

  // The spinner is back in a cell of its own, and its end there is its own as well.
  await kwasm.check("delete pod spinner --grace-period 0", {});
  const ticker = statusIn(await kwasm.pods(), "ticker");
  assert.deepEqual([ticker.ready, ticker.restartCount], [true, 1]);
});
