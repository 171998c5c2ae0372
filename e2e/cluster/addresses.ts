/** All of a cluster's addresses: it has a network of its own, so every cluster has the same. */
export const POD_SUBNET = "10.244.0.0/16";

/** The address of the cluster's DNS among those of Services. */
export const DNS_IP = "10.96.0.10";

/** Where the API server and the registry are for nodes. */
export const CONTROL_PLANE_IP = "10.199.0.1";

/** Each node has 2,046 addresses for pods, more than a kubelet was ever seen to manage. */
export const NODES_MAX = 30;

export function nodeAddress(number: number): string {
  return `10.199.0.${10 + number}`;
}

export function nodePodSubnet(number: number): string {
  return `10.244.${8 * number}.0/21`;
}
