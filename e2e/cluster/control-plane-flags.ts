import type { Credentials } from "./credentials.ts";

type Flags = Readonly<Record<string, string | number | boolean>>;

/** Services' addresses; the first is the API server's own. */
const SERVICE_SUBNET = "10.96.0.0/16";
export const SERVICE_IP = "10.96.0.1";

/** Sockets in the working folder of etcd and the API server: etcd insists on names that look like a host and a port. */
const ETCD_URL = "unix://etcd:0";
const PEER_URL = "unix://peer:0";

/** Its data need not outlive the machine. */
export const etcdFlags: Flags = {
  "data-dir": "etcd",
  "unsafe-no-fsync": true,
  "log-level": "warn",
  "listen-client-urls": ETCD_URL,
  "advertise-client-urls": ETCD_URL,
  "listen-peer-urls": PEER_URL,
  "initial-advertise-peer-urls": PEER_URL,
  "initial-cluster": `default=${PEER_URL}`,
};

export function serverFlags(credentials: Credentials, address: string, port: number): Flags {
  return {
    "etcd-servers": ETCD_URL,
    "bind-address": address,
    "advertise-address": address,
    "secure-port": port,
    "allow-privileged": true,
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "enable-aggregator-routing": true,
    profiling: false,
    "service-cluster-ip-range": SERVICE_SUBNET,
    "client-ca-file": credentials.path("ca.crt"),
    "tls-cert-file": credentials.path("api-server.crt"),
    "tls-private-key-file": credentials.path("api-server.key"),
    "kubelet-certificate-authority": credentials.path("ca.crt"),
    "kubelet-client-certificate": credentials.path("kubelet-client.crt"),
    "kubelet-client-key": credentials.path("kubelet-client.key"),
    "kubelet-preferred-address-types": "InternalIP",
    "service-account-issuer": "https://kubernetes.default.svc",
    "service-account-key-file": credentials.path("accounts.pub"),
    "service-account-signing-key-file": credentials.path("accounts.key"),
    "requestheader-client-ca-file": credentials.path("ca.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": credentials.path("front-proxy.crt"),
    "proxy-client-key-file": credentials.path("front-proxy.key"),
  };
}

/** Nobody else is there to be elected, and a test's requests come in bursts. */
const workerFlags = { "leader-elect": false, "secure-port": 0, "kube-api-qps": 500, "kube-api-burst": 1000 } as const;

export function controllersFlags(credentials: Credentials): Flags {
  const kubeconfig = credentials.path("controllers.kubeconfig");
  return {
    ...workerFlags,
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "use-service-account-credentials": true,
    "service-account-private-key-file": credentials.path("accounts.key"),
    "root-ca-file": credentials.path("ca.crt"),
    "cluster-signing-cert-file": credentials.path("ca.crt"),
    "cluster-signing-key-file": credentials.path("ca.key"),
    // By default autoscalers look every 15 seconds, and believe no new pod for some minutes.
    "horizontal-pod-autoscaler-sync-period": "2s",
    "horizontal-pod-autoscaler-cpu-initialization-period": "2s",
    "horizontal-pod-autoscaler-initial-readiness-delay": "2s",
  };
}

export function schedulerFlags(credentials: Credentials): Flags {
  const kubeconfig = credentials.path("scheduler.kubeconfig");
  return {
    ...workerFlags,
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
  };
}
