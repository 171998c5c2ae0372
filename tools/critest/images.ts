import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { buffer } from "node:stream/consumers";

import { pack } from "tar-stream";

import { writeLayout } from "../../e2e/containerd/native-image.ts";

/** What critest is told to use in place of the images that it would pull: its `--test-images-file`. */
export const testImages = {
  defaultTestContainerImage: "kwasm.test/critest:1",
  webServerTestImage: "kwasm.test/critest-web:1",
} as const;

/** Where critest looks for the images that cannot be replaced; pkg/validate/{consts,security_context_linux}.go. */
const [ownImages, e2eImages] = ["gcr.io/k8s-staging-cri-tools", "registry.k8s.io/e2e-test-images"];

/** The users and groups that its tests find in their images, and programs that only the tests know. */
const files = {
  "etc/passwd":
    "root:x:0:0:root:/root:/bin/sh\nwww-data:x:33:33::/:/bin/sh\n" +
    "default-user:x:1000:1000::/:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n",
  "etc/group":
    "root:x:0:\nwww-data:x:33:\ndefault-user:x:1000:\n" +
    "group-defined-in-image:x:50000:default-user\nnobody:x:65534:\n",
  "www/index.html": "hello\n",
  // A file of its own, so that a path can be masked without all other programs.
  "bin/ls": '#!/bin/sh\nexec /bin/busybox ls "$@"\n',
} as const;

const serve = "httpd -f -p";

/** Writes an OCI image layout with what critest's containers run: a static busybox. Returns its directory. */
export async function writeCritestLayout(directory: string, busybox: string): Promise<string> {
  const Env = ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"];
  const shell = { Cmd: ["sh"], Env };
  const web = { Cmd: runScript(`exec ${serve} 80 -h /www`), Env };
  const hostWeb = { Cmd: runScript(`exec ${serve} 12003 -h /www`), Env };
  return writeLayout(directory, await packRoot(busybox), {
    [testImages.defaultTestContainerImage]: shell,
    [testImages.webServerTestImage]: web,
    [`${e2eImages}/nginx:1.14-2`]: web,
    [`${e2eImages}/httpd:2.4.39-4`]: { Cmd: runScript(`echo httpd; exec ${serve} 80 -h /www`), Env },
    [`${ownImages}/hostnet-nginx-amd64:latest`]: hostWeb,
    [`${ownImages}/hostnet-nginx-arm64:latest`]: hostWeb,
    [`${ownImages}/test-image-predefined-group:latest`]: { ...shell, User: "1000" },
  });
}

function runScript(script: string): readonly string[] {
  return ["sh", "-c", script];
}

async function packRoot(busybox: string): Promise<Buffer> {
  const archive = pack();
  for (const name of ["bin", "etc", "www", "root", "proc", "sys", "dev"]) {
    archive.entry({ name: `${name}/`, type: "directory", mode: 0o755 });
  }
  archive.entry({ name: "tmp/", type: "directory", mode: 0o1777 });
  archive.entry({ name: "bin/busybox", mode: 0o755 }, readFileSync(busybox));
  for (const [name, content] of Object.entries(files)) archive.entry({ name, mode: 0o755 }, content);
  const applets = execFileSync(busybox, ["--list"], { encoding: "utf8" }).trim().split("\n");
  const links = applets.map((applet) => `bin/${applet}`).filter((name) => name !== "bin/busybox" && !(name in files));
  for (const name of links) archive.entry({ name, type: "symlink", linkname: "busybox" });
  archive.finalize();
  return buffer(archive);
}
