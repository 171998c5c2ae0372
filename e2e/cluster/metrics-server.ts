import { CONTROL_PLANE_IP } from "./addresses.ts";
import type { Cluster } from "./cluster.ts";
import { administrators } from "./credentials.ts";

const PORT = 4443;
const host = "metrics-server.kube-system.svc";

/** The API that is served there, as an installed metrics-server has it, but that no pods are behind the Service. */
function objects(authority: string): string {
  return `
apiVersion: v1
kind: Service
metadata: {name: metrics-server, namespace: kube-system}
spec:
  ports: [{name: https, port: 443, targetPort: ${PORT}}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: metrics-server
  namespace: kube-system
  labels: {kubernetes.io/service-name: metrics-server}
addressType: IPv4
ports: [{name: https, port: ${PORT}}]
endpoints: [{addresses: [${CONTROL_PLANE_IP}], conditions: {ready: true}}]
---
apiVersion: apiregistration.k8s.io/v1
kind: APIService
metadata: {name: v1beta1.metrics.k8s.io}
spec:
  group: metrics.k8s.io
  version: v1beta1
  groupPriorityMinimum: 100
  versionPriority: 100
  service: {name: metrics-server, namespace: kube-system}
  caBundle: ${authority}
`;
}

/** Starts metrics-server beside the control plane, and resolves when its API is served. */
export async function startMetricsServer(cluster: Cluster): Promise<void> {
  const { server } = cluster;
  const { credentials } = server;
  credentials.issue({ metrics: { user: "metrics-server", groups: [administrators], hosts: [host, CONTROL_PLANE_IP] } });
  const kubeconfig = credentials.writeKubeconfig("metrics", cluster.innerUrl);
  server.serve("metrics-server", {
    kubeconfig,
    "authentication-kubeconfig": kubeconfig,
    "authorization-kubeconfig": kubeconfig,
    "bind-address": CONTROL_PLANE_IP,
    "secure-port": PORT,
    "tls-cert-file": credentials.path("metrics.crt"),
    "tls-private-key-file": credentials.path("metrics.key"),
    "kubelet-certificate-authority": credentials.path("ca.crt"),
    "kubelet-preferred-address-types": "InternalIP",
    // It refuses to ask more often, and to wait as long for an answer.
    "metric-resolution": "10s",
    "kubelet-request-timeout": "5s",
  });
  await cluster.apply(objects(credentials.read("ca.crt")));
  await cluster.kubectl("wait", "apiservice/v1beta1.metrics.k8s.io", "--for=condition=Available", "--timeout=120s");
}
