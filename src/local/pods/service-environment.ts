import { annotations, parseMappedPorts } from "#api";
import type { Service } from "../kinds/index.ts";

/**
 * The variables that the kubelet sets for each Service with an address (`envvars.FromServices`): its own names and
 * Docker's older ones. A port that is served elsewhere is given as it is really served.
 */
export function serviceEnvironment(services: readonly Service[]): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const service of services) {
    const address = service.spec.clusterIP;
    if (address !== undefined && address !== "None") addService(variables, service, address);
  }
  return variables;
}

function addService(variables: Map<string, string>, service: Service, address: string): void {
  const prefix = variableName(service.metadata.name);
  const mapped = parseMappedPorts(service.metadata.annotations[annotations.mappedPorts]);
  const ports = service.spec.ports.map((port) => ({ ...port, port: mapped.get(port.port) ?? port.port }));
  const first = ports[0];
  if (first === undefined) return;
  variables.set(`${prefix}_SERVICE_HOST`, address);
  variables.set(`${prefix}_SERVICE_PORT`, String(first.port));
  for (const { name, port } of ports) {
    if (name !== undefined) variables.set(`${prefix}_SERVICE_PORT_${variableName(name)}`, String(port));
  }
  variables.set(`${prefix}_PORT`, urlOf(first.protocol, address, first.port));
  for (const { port, protocol } of ports) {
    const portPrefix = `${prefix}_PORT_${port}_${protocol}`;
    variables.set(portPrefix, urlOf(protocol, address, port));
    variables.set(`${portPrefix}_PROTO`, protocol.toLowerCase());
    variables.set(`${portPrefix}_PORT`, String(port));
    variables.set(`${portPrefix}_ADDR`, address);
  }
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

function urlOf(protocol: string, address: string, port: number): string {
  return `${protocol.toLowerCase()}://${address}:${port}`;
}
