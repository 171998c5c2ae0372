import assert from "node:assert/strict";
import { mkdtempDisposableSync, readFileSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { makeConfigMap, makeContainer, makePod } from "../testing/objects.ts";
import { PodFiles } from "./pod-files.ts";

const noObjects = { configMap: () => undefined, secret: () => undefined };

test("names of services come into the hosts file that guests hold open", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-files-"));
  const files = new PodFiles(folder.path, makePod("one"));
  await files.prepare("127.64.0.1", [], noObjects);
  const [, hosts] = files.mountsOf(makeContainer(), "/image");
  assert.equal(hosts?.guestPath, "/etc/hosts");
  const path = hosts?.hostPath ?? "";
  const { ino } = statSync(path);
  await files.refreshHosts("127.64.0.1", [
    { addresses: ["127.128.0.1"], service: "web", namespace: "default" },
    { addresses: ["127.128.0.2"], service: "db", namespace: "other" },
  ]);
  const text = readFileSync(path, "utf8");
  assert.match(text, /^127\.64\.0\.1\tone$/m);
  assert.match(text, /^127\.128\.0\.1\tweb web\.default web\.default\.svc web\.default\.svc\.cluster\.local$/m);
  assert.match(text, /^127\.128\.0\.2\tdb\.other db\.other\.svc db\.other\.svc\.cluster\.local$/m);
  await files.refreshHosts("127.64.0.1", []);
  assert.doesNotMatch(readFileSync(path, "utf8"), /web/);
  assert.equal(statSync(path).ino, ino);
});

test("the image is read-only, an emptyDir is the guest's, a ConfigMap is not", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-files-"));
  const volumes = [
    { name: "scratch", emptyDir: {} },
    { name: "config", configMap: { name: "settings", items: [], defaultMode: 0o644 } },
  ];
  const volumeMounts = [
    { name: "scratch", mountPath: "/scratch", readOnly: false },
    { name: "config", mountPath: "/config", readOnly: false },
    { name: "config", mountPath: "/one", readOnly: false, subPath: "color" },
  ];
  const container = makeContainer({ volumeMounts });
  const files = new PodFiles(folder.path, makePod("one", { containers: [container], volumes }));
  await files.prepare("127.64.0.1", [], { ...noObjects, configMap: () => makeConfigMap("settings", { color: "red" }) });
  const mounts = new Map(files.mountsOf(container, "/image").map((mount) => [mount.guestPath, mount]));
  assert.deepEqual(mounts.get("/"), { hostPath: "/image", guestPath: "/", readOnly: true });
  assert.equal(mounts.get("/scratch")?.readOnly, false);
  assert.equal(mounts.get("/config")?.readOnly, true);
  assert.equal(readFileSync(mounts.get("/one")?.hostPath ?? "", "utf8"), "red");
});

test("a path below an emptyDir, which the guest could turn into a link, is refused", () => {
  const volumeMounts = [{ name: "scratch", mountPath: "/scratch", readOnly: false, subPath: "below" }];
  const container = makeContainer({ volumeMounts });
  const files = new PodFiles(
    "/nowhere",
    makePod("one", { containers: [container], volumes: [{ name: "scratch", emptyDir: {} }] }),
  );
  assert.throws(() => files.mountsOf(container, "/image"), { code: "unsupported" });
});

test("a missing ConfigMap is named", async () => {
  using folder = mkdtempDisposableSync(join(tmpdir(), "kwasm-files-"));
  const volumes = [{ name: "config", configMap: { name: "none", items: [], defaultMode: 0o644 } }];
  const files = new PodFiles(folder.path, makePod("one", { volumes }));
  await assert.rejects(files.prepare("127.64.0.1", [], noObjects), { code: "not-found", message: /configmap "none"/ });
});
