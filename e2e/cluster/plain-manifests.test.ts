import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";

import { openPrefix } from "../containerd/prefix.ts";
import { type ApiServer, startApiServer } from "./api-server.ts";
import { openClientPrograms } from "./client-programs.ts";

const run = promisify(execFile);
const manifests = join(import.meta.dirname, "../../deploy/kwasm-operator.yaml");
const account = "system:serviceaccount:kwasm:kwasm-operator";

describe("the operator's plain manifests", () => {
  let server: ApiServer;
  let program = "";

  before(async () => {
    program = join(await openClientPrograms((await openPrefix("2")).busybox), "kubectl");
    server = await startApiServer();
  });
  after(() => server[Symbol.asyncDispose]());

  async function kubectl(...words: readonly string[]): Promise<string> {
    return (await run(program, ["--kubeconfig", server.kubeconfig, ...words])).stdout.trim();
  }

  /** What an API server answers the operator's account, which `can-i` says by its exit too. */
  async function check(question: string, expected: "yes" | "no"): Promise<void> {
    const asked = kubectl("auth", "can-i", "--quiet", "--as", account, ...question.split(" "));
    const answer = await asked.then(
      () => "yes",
      () => "no",
    );
    assert.equal(answer, expected, question);
  }

  test("are taken by an API server that knows every field, twice without a change", async () => {
    const apply = ["apply", "--validate=strict", "--filename", manifests];
    assert.match(await kubectl(...apply), /^deployment\.apps\/kwasm-operator created$/mu);
    const again = (await kubectl(...apply)).split("\n");
    assert.deepEqual(
      again.filter((line) => !line.endsWith(" unchanged")),
      [],
    );
  });

  test("let the operator do what it does, and no more", async () => {
    await check("patch nodes", "yes");
    await check("patch nodes --subresource=status", "yes");
    await check("create runtimeclasses.node.k8s.io", "yes");
    await check("create jobs.batch --namespace=kwasm", "yes");
    await check("update leases.coordination.k8s.io --namespace=kwasm", "yes");
    await check("create jobs.batch --namespace=default", "no");
    await check("create pods --namespace=kube-system", "no");
    await check("get secrets --namespace=kwasm", "no");
    await check("delete nodes", "no");
    await check("create pods --subresource=exec --namespace=kwasm", "no");
  });
});
