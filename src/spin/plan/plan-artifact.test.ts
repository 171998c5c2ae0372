import assert from "node:assert/strict";
import { mkdtempDisposableSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";

import { planArtifact } from "./plan-artifact.ts";

const module = `sha256:${"a".repeat(64)}`;
const options = { environment: new Map<string, string>(), takesBareNames: false };

/** A locked application of one component, with a file that stands in the document itself. */
const application = JSON.stringify({
  spin_lock_version: 1,
  metadata: { name: "pushed", trigger: {} },
  triggers: [{ id: "all", trigger_type: "http", trigger_config: { component: "only", route: "/..." } }],
  components: [
    {
      id: "only",
      source: { content_type: "application/wasm", digest: module },
      files: [{ inline: Buffer.from("inline").toString("base64"), path: "a.txt" }],
    },
  ],
});

test("a module is the file of its digest, and what stands in the document is put beside it once", async () => {
  using directory = mkdtempDisposableSync(join(tmpdir(), "kwasm-artifact-"));
  const artifact = { name: "pushed:v1", application, blobs: new Map([[module, "/module"]]), directory: directory.path };
  const planned = await planArtifact(artifact, options);
  assert.deepEqual(await planArtifact(artifact, options), planned);
  const [component] = planned.components;
  assert.deepEqual(component?.module, { path: "/module", digest: module });
  const [mount] = component.mounts;
  assert.deepEqual([mount?.guestPath, mount?.readOnly], ["/", true]);
  assert.equal(readFileSync(join(mount?.hostPath ?? "", "a.txt"), "utf8"), "inline");
  assert.equal(readdirSync(directory.path).length, 2);
});

test("a digest that the artifact does not have is named", async () => {
  const artifact = { name: "pushed:v1", application, blobs: new Map<string, string>(), directory: tmpdir() };
  await assert.rejects(planArtifact(artifact, options), { code: "not-found", message: /aaaa.*"pushed:v1"/u });
});
