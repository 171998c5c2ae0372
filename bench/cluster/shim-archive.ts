import { execFileSync } from "node:child_process";
import { join } from "node:path";

import { nativeImage } from "../../e2e/containerd/native-image.ts";
import type { Cluster } from "../../e2e/cluster/cluster.ts";
import { writeLayout } from "../../tools/layout/write-layout.ts";

const tree = join(import.meta.dirname, "../..");
const shim = "wasm-v2";

/**
 * Makes an archive of a shim that runs Wasm, and serves it to the nodes by a pod. Shims are one file elsewhere, so it is
 * a script that starts ours, which lies in a folder that the node sees.
 */
export async function serveShim(cluster: Cluster): Promise<void> {
  execFileSync(join(tree, "tools/prepare"), ["--bundle"], { stdio: ["ignore", "ignore", "inherit"] });
  const layout = join(cluster.directory, "layout");
  await writeLayout(layout);
  await cluster.apply(archivesPod(join(layout, "bin/containerd-shim-spin-v2")));
  await cluster.kubectl("wait", "pod/archives", "--for=condition=Ready", "--timeout=120s");
}

function archivesPod(program: string): string {
  return `
apiVersion: v1
kind: Pod
metadata: {name: archives}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - name: archives
    image: ${nativeImage}
    command: [/bin/busybox, sh, -ec]
    args:
    - |
      alias b=/bin/busybox
      b mkdir /w; cd /w
      b printf '#!/bin/sh\\nexec ${program} "$@"\\n' >containerd-shim-${shim}
      b chmod 755 containerd-shim-${shim}
      b tar -cf - containerd-shim-${shim} | b gzip >shim.tar.gz
      exec /bin/busybox httpd -f -p 80 -h /w
    readinessProbe: {httpGet: {path: /shim.tar.gz, port: 80}, periodSeconds: 1}
`;
}

/** A Shim of that archive, as both operators read it. */
export async function shimObject(cluster: Cluster): Promise<string> {
  const address = await cluster.kubectl("get", "pod/archives", "--output=jsonpath={.status.podIP}");
  const digest = await cluster.kubectl("exec", "archives", "--", "/bin/busybox", "sha256sum", "/w/shim.tar.gz");
  const arch = process.arch === "x64" ? "amd64" : process.arch;
  return `
apiVersion: runtime.spinkube.dev/v1alpha1
kind: Shim
metadata: {name: ${shim}}
spec:
  fetchStrategy:
    platforms:
    - {os: linux, arch: ${arch}, location: "http://${address}/shim.tar.gz", sha256: ${digest.slice(0, 64)}}
  runtimeClass: {name: ${shim}, handler: ${shim}}
  rolloutStrategy: {type: recreate}
`;
}
