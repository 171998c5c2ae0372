import assert from "node:assert/strict";
import { test } from "node:test";
import { makeContainer, makePod, makeService } from "../testing/objects.ts";
import { type PodShare, sandboxIdOf, sharesOfPod } from "./pod-shares.ts";

function check(portsOfContainers: readonly (readonly number[])[], expected: readonly PodShare[]): void {
  const containers = portsOfContainers.map((numbers, index) =>
    makeContainer({
      name: `c${index}`,
      ports: numbers.map((containerPort) => ({ containerPort, protocol: "TCP" })),
    }),
  );
  const pod = makePod("web", { containers });
  assert.deepEqual(sharesOfPod(pod, [makeService("web", 90)]), expected);
  const ids = new Set(containers.map(({ name }) => sandboxIdOf(pod, name)));
  assert.deepEqual(ids, new Set(expected.map(({ sandboxId }) => sandboxId)));
}

test("containers that declare ports are handed their own, and one that declares them alone shares all", () => {
  check([[80, 81]], [{ sandboxId: "web", ports: [80, 81] }]);
  check([[80], []], [{ sandboxId: "web", ports: [80] }]);
  check([[], []], [{ sandboxId: "web", ports: [90] }]);
  check(
    [[80], [81, 80], []],
    [
      { sandboxId: "web-c0", ports: [80] },
      { sandboxId: "web-c1", ports: [81] },
      { sandboxId: "web-c2", ports: [] },
    ],
  );
});
