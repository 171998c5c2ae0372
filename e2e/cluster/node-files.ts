import { mkdirSync, writeFileSync } from "node:fs";
import { totalmem } from "node:os";
import { dirname, join } from "node:path";

import { pauseImage } from "../containerd/configuration.ts";
import type { ContainerdVersion } from "../containerd/prefix.ts";
import { DNS_IP, POD_SUBNET } from "./addresses.ts";
import type { Credentials } from "./credentials.ts";
import { mirrorConfiguration } from "./registry.ts";

export interface NodeDescription {
  readonly name: string;
  readonly containerd: ContainerdVersion;
  readonly podSubnet: string;
  readonly podsMax: number;
  readonly nodeMebibytes: number;
  readonly registryAddress: string;
  readonly credentials: Credentials;
}

/** Writes what a node finds in its root besides the machine's own files. */
export function writeNodeFiles(root: string, node: NodeDescription): void {
  const files = {
    "etc/hostname": `${node.name}\n`,
    "etc/hosts": `127.0.0.1 localhost ${node.name}\n`,
    "etc/resolv.conf": "",
    "etc/containerd/config.toml": node.containerd === "2" ? version3 : version2,
    "etc/containerd/certs.d/_default/hosts.toml": mirrorConfiguration(node.registryAddress),
    "etc/containerd/certs.d/ghcr.io/hosts.toml": `server = "https://ghcr.io"\n${mirrorConfiguration(node.registryAddress)}`,
    "etc/cni/net.d/10-pods.conflist": JSON.stringify(podNetwork(node.podSubnet), undefined, 2),
    "etc/kubernetes/kubelet.json": JSON.stringify(kubelet(node), undefined, 2),
    "etc/kubernetes/proxy.json": JSON.stringify(proxy(node), undefined, 2),
  };
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
}

function podNetwork(subnet: string): object {
  const ipam = { type: "host-local", ranges: [[{ subnet }]], dataDir: "/run/cni-addresses" };
  const bridge = { type: "bridge", bridge: "pods0", isGateway: true, isDefaultGateway: true, hairpinMode: true, ipam };
  const portmap = { type: "portmap", capabilities: { portMappings: true } };
  return { cniVersion: "1.0.0", name: "pods", plugins: [bridge, portmap] };
}

/** `restrict_oom_score_adj`: root of a container or sandbox often lacks CAP_SYS_RESOURCE, and may not lower scores. */
const version2 = `# As an administrator leaves it: comments and spacing are kept by whoever edits this.
version = 2

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  restrict_oom_score_adj = true

  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "/etc/containerd/certs.d"
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/opt/cni/bin"
    conf_dir = "/etc/cni/net.d"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"   # the only one
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
`;

const version3 = `# As an administrator leaves it: comments and spacing are kept by whoever edits this.
version = 3

[plugins.'io.containerd.cri.v1.images']
  [plugins.'io.containerd.cri.v1.images'.registry]
    config_path = '/etc/containerd/certs.d'
  [plugins.'io.containerd.cri.v1.images'.pinned_images]
    sandbox = '${pauseImage}'

[plugins.'io.containerd.cri.v1.runtime']
  restrict_oom_score_adj = true
  [plugins.'io.containerd.cri.v1.runtime'.cni]
    bin_dirs = ['/opt/cni/bin']
    conf_dir = '/etc/cni/net.d'
  [plugins.'io.containerd.cri.v1.runtime'.containerd]
    default_runtime_name = 'runc'   # the only one
    [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
      runtime_type = 'io.containerd.runc.v2'
`;

/** What makes kubelet lower scores, raise limits or refuse cgroup v1 is off; a cluster of tests does not wait for it. */
function kubelet({ name, podsMax, nodeMebibytes, credentials }: NodeDescription): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: credentials.path("ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: credentials.path(`${name}.crt`),
    tlsPrivateKeyFile: credentials.path(`${name}.key`),
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    maxOpenFiles: 20_000,
    clusterDNS: [DNS_IP],
    clusterDomain: "cluster.local",
    resolvConf: "/etc/resolv.conf",
    maxPods: podsMax,
    ...(nodeMebibytes === 0 ? {} : { systemReserved: { memory: `${machineMebibytes() - nodeMebibytes}Mi` } }),
    registryPullQPS: 0,
    serializeImagePulls: false,
    kubeAPIQPS: 200,
    kubeAPIBurst: 400,
    eventRecordQPS: 0,
    // The machine's disk is not the cluster's to keep free.
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    imageGCHighThresholdPercent: 100,
    nodeStatusUpdateFrequency: "5s",
  };
}

/** kubelet takes the machine's memory for its node's, so what is not the node's is reserved. */
function machineMebibytes(): number {
  return Math.floor(totalmem() / (1024 * 1024));
}

/** Limits of connections are the machine's, and not to be changed in a network namespace. */
function proxy({ name, credentials }: NodeDescription): object {
  return {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clusterCIDR: POD_SUBNET,
    clientConnection: { kubeconfig: credentials.path("proxy.kubeconfig") },
    hostnameOverride: name,
    conntrack: { maxPerCore: 0, min: 0 },
    oomScoreAdj: 0,
  };
}
