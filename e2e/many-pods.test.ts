import { test } from "node:test";

import { KwasmCommand } from "./command-fixture.ts";

/** More than control's socket takes connections at a time. */
const count = 600;

const pods = Array.from({ length: count }, (_, at) => {
  const specification = '{ restartPolicy: Never, containers: [{ name: one, image: "words:v1" }] }';
  return `apiVersion: v1\nkind: Pod\nmetadata: { name: pod-${at} }\nspec: ${specification}\n`;
});

test("up waits for hundreds of single pods", async () => {
  await using kwasm = new KwasmCommand();
  kwasm.writeGuest("words", "guests");
  kwasm.write("guests/pods.yaml", pods.join("---\n"));
  const made = new RegExp(`^(?:pod/pod-\\d+ created\n){${count}}$`, "u");
  await kwasm.check("up -d guests", { stdout: made, stderr: /^Building image/u }, { cwd: kwasm.directory });
});
