/** What `find-go` starts where the machine has no Go that will do: fetches Debian's, and prints the folder of its program. */
import { join } from "node:path";

import { openCachedFolder } from "../e2e/containerd/cached-folder.ts";
import { unpackPackages } from "../e2e/containerd/debian-packages.ts";

/** The first release of Debian whose Go builds the Kubernetes of e2e/cluster, or gets a newer one by itself. */
const SUITE = "trixie";
const VERSION = "1.24";

const packages = ["go", "src"].map((part) => `golang-${VERSION}-${part}`);
const root = await openCachedFolder(`go-${VERSION}`, (folder) => unpackPackages([{ suite: SUITE, packages }], folder));
process.stdout.write(`${join(root, `usr/lib/go-${VERSION}/bin`)}\n`);
