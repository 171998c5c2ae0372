import { join } from "node:path";

import packageManifest from "../../package.json" with { type: "json" };
import type { Cluster } from "../../e2e/cluster/cluster.ts";
import { installOperator, publishOperatorImages } from "../../e2e/cluster/install-operator.ts";
import { fileOf } from "../../tools/images/layer.ts";
import { importPeer, programFiles } from "./peer-images.ts";
import { serveShim, shimObject } from "./shim-archive.ts";

/** Something that brings Wasm to a node, and how its users ask it to. */
export interface Contender {
  readonly what: string;
  /** Resolves when it is there, and has nothing to do. */
  readonly install: (cluster: Cluster) => Promise<void>;
  /** What its users do to get a node that runs Wasm pods. */
  readonly ask: (cluster: Cluster) => Promise<void>;
  readonly runtimeClass: string;
  /** The label of a node by which it says that it has done so: `KEY`, or `KEY=VALUE`. */
  readonly label: { readonly key: string; readonly value?: string };
  /** The process of its operator. */
  readonly command: RegExp;
}

/** The class of KWasm's tutorials, which everybody makes for himself. */
const ownClass = `
apiVersion: node.k8s.io/v1
kind: RuntimeClass
metadata: {name: wasmtime}
handler: spin
`;

const place = ["--namespace=kwasm", "--create-namespace", "--wait", "--timeout=300s"] as const;
const label = { key: "kwasm.sh/kwasm-provisioned" } as const;

const installer = `ghcr.io/kwasm/kwasm-node-installer:${packageManifest.version}`;

async function installOurs(cluster: Cluster): Promise<void> {
  await installOperator(cluster);
  await pullInstaller(cluster);
}

/** How fast the registry of this machine is says nothing about anybody's. */
async function pullInstaller(cluster: Cluster): Promise<void> {
  const command = ["ctr", "--namespace=k8s.io", "images", "pull", "--hosts-dir=/etc/containerd/certs.d", installer];
  await cluster.node(1).run(...command);
}

async function annotate(cluster: Cluster): Promise<void> {
  await cluster.kubectl("annotate", "node", "--all", "kwasm.sh/kwasm-node=true");
}

const ours = { label, command: /\/operator\.js\b/ } as const;

export const kwasm: readonly Contender[] = [
  {
    ...ours,
    what: "ours, its own class",
    install: installOurs,
    ask: annotate,
    runtimeClass: "wasmtime-spin-v2",
  },
  {
    ...ours,
    what: "ours, a class without selector",
    install: async (cluster) => {
      await installOurs(cluster);
      await cluster.apply(ownClass);
    },
    ask: annotate,
    runtimeClass: "wasmtime",
  },
  {
    what: "ours, a Shim",
    install: async (cluster) => {
      await installOurs(cluster);
      await serveShim(cluster);
    },
    ask: async (cluster) => void (await cluster.apply(await shimObject(cluster))),
    runtimeClass: "wasm-v2",
    label: { key: "shim.kwasm.sh/wasm-v2", value: "ready" },
    command: /\/operator\.js\b/,
  },
];

/** KWasm's operator with our installer, since the registry of its own is not in reach of all machines. */
export function kwasmOperator(checkout: string, program: string): Contender {
  const reference = "localhost/kwasm-operator:peer";
  return {
    what: "KWasm's operator, our installer",
    install: async (cluster) => {
      await publishOperatorImages(cluster);
      await pullInstaller(cluster);
      await importPeer(cluster, { reference, entrypoint: ["/manager"], files: [fileOf("manager", program, 0o755)] });
      const values = {
        "image.repository": "localhost/kwasm-operator",
        "image.tag": "peer",
        "kwasmOperator.installerImage": installer,
      };
      await cluster.apply(leasePermission);
      await cluster.helm(
        "install",
        "kwasm-operator",
        join(checkout, "charts/kwasm-operator"),
        ...place,
        ...set(values),
      );
      await cluster.apply(ownClass);
    },
    ask: annotate,
    runtimeClass: "wasmtime",
    label,
    command: /^\/manager /,
  };
}

/** Its newest chart asks for a leader's election and does not permit it, so that it would wait for ever. */
const leasePermission = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: peer-leases}
rules:
- {apiGroups: [coordination.k8s.io], resources: [leases], verbs: ["*"]}
- {apiGroups: [""], resources: [events], verbs: [create, patch]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: peer-leases}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: peer-leases}
subjects: [{kind: Group, apiGroup: rbac.authorization.k8s.io, name: "system:serviceaccounts:kwasm"}]
`;

/** runtime-class-manager with its own installer and downloader; `programs` has rcm and node-installer. */
export function runtimeClassManager(checkout: string, programs: string): Contender {
  const downloader = join(checkout, "images/downloader/download_shim.sh");
  return {
    what: "runtime-class-manager",
    install: async (cluster) => {
      const busybox = cluster.prefix.busybox;
      const applets = ["cp", "date", "gzip", "ls", "md5sum", "mkdir", "sleep", "tar", "env"];
      await importPeer(cluster, {
        reference: "localhost/downloader:peer",
        entrypoint: ["/usr/bin/bash", "/download_shim.sh"],
        files: [
          ...programFiles("bash", "curl", "sha256sum"),
          ...applets.map((name) => fileOf(`bin/${name}`, busybox, 0o755)),
          fileOf("download_shim.sh", downloader),
          { name: "tmp/.kept", content: "", mode: 0o644 },
        ],
      });
      await importPeer(cluster, {
        reference: "localhost/node-installer:peer",
        entrypoint: ["/rcm-node-installer"],
        files: [...programFiles("nsenter"), fileOf("rcm-node-installer", join(programs, "node-installer"), 0o755)],
      });
      const manager = fileOf("manager", join(programs, "rcm"), 0o755);
      await importPeer(cluster, { reference: "localhost/rcm:peer", entrypoint: ["/manager"], files: [manager] });
      // It installs D-Bus where systemd has no such unit, and the node reaches no registry of packages.
      await cluster.node(1).run("touch", "/run/supervised.dbus");
      const values = {
        "image.repository": "localhost/rcm",
        "image.tag": "peer",
        "rcm.shimDownloaderImage.repository": "localhost/downloader",
        "rcm.shimDownloaderImage.tag": "peer",
        "rcm.nodeInstallerImage.repository": "localhost/node-installer",
        "rcm.nodeInstallerImage.tag": "peer",
      };
      await cluster.helm("install", "rcm", join(checkout, "deploy/helm"), ...place, ...set(values));
      await serveShim(cluster);
    },
    ask: async (cluster) => void (await cluster.apply(await shimObject(cluster))),
    runtimeClass: "wasm-v2",
    label: { key: "wasm-v2", value: "provisioned" },
    command: /^\/manager/,
  };
}

function set(values: Readonly<Record<string, string>>): readonly string[] {
  return Object.entries(values).map(([name, value]) => `--set=${name}=${value}`);
}
