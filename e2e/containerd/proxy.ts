import { globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { KwasmError } from "#base";
import type { ContainerOptions } from "./pod.ts";
import { nativeImage } from "./native-image.ts";
import { openProxy } from "./prefix.ts";
import type { ContainerdRig } from "./rig.ts";

/** Where the proxy's own root is in its container. */
const ROOT = "/opt/proxy";

/** Writes nothing but its process id, and to its streams. */
const configuration = `daemon off;
pid /tmp/nginx.pid;
user root root;
error_log /dev/stderr;
events {}
http {
  access_log /dev/stdout;
  ${["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path /tmp/${name};`).join(" ")}
  server {
    listen 8000;
    location / {
      proxy_pass http://127.0.0.1:8080;
      add_header via nginx;
    }
  }
}
`;

/** A container of Debian's nginx in front of the pod's port 8080, on port 8000. Its program comes in a volume. */
export async function proxy(rig: ContainerdRig): Promise<ContainerOptions> {
  const root = await openProxy();
  const folder = join(rig.directory, "proxy");
  mkdirSync(folder);
  writeFileSync(join(folder, "passwd"), "root:x:0:0::/:/bin/false\n");
  writeFileSync(join(folder, "group"), "root:x:0:\n");
  writeFileSync(join(folder, "nginx.conf"), configuration);
  const library = findIn(root, "lib/*-linux-gnu");
  const loader = findIn(root, "lib/*-linux-gnu/ld-linux-*.so.*");
  const libraries = [library, join("usr", library)].map((path) => join(ROOT, path)).join(":");
  return {
    name: "proxy",
    image: nativeImage,
    command: [join(ROOT, loader), "--library-path", libraries, join(ROOT, "usr/sbin/nginx"), "-c", "/etc/nginx.conf"],
    volumes: {
      [ROOT]: root,
      "/etc/passwd": join(folder, "passwd"),
      "/etc/group": join(folder, "group"),
      "/etc/nginx.conf": join(folder, "nginx.conf"),
    },
  };
}

/** The one file of a name that depends on the processor. */
function findIn(root: string, pattern: string): string {
  const [found] = globSync(pattern, { cwd: root });
  if (found !== undefined) return found;
  throw new KwasmError(
    "internal",
    `look for "${pattern}" in "${root}": there is none; delete that folder to have it fetched again`,
  );
}
