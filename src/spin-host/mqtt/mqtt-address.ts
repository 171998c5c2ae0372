import { outboundLimits } from "../outbound/limits.ts";
import type { ServiceTarget } from "../outbound/outbound-sockets.ts";

/** What an address of MQTT says. */
export interface MqttAddress extends ServiceTarget {
  readonly clientId: string;
  readonly isSecured: boolean;
}

const portsOfSchemes: Readonly<Record<string, { readonly port: number; readonly isSecured: boolean }>> = {
  mqtt: { port: 1883, isSecured: false },
  tcp: { port: 1883, isSecured: false },
  mqtts: { port: 8883, isSecured: true },
  ssl: { port: 8883, isSecured: true },
};

/** Parameters of Spin's client that say nothing of where to connect to. */
const ignoredParameters: ReadonlySet<string> = new Set([
  "keep_alive_secs",
  "clean_session",
  "max_incoming_packet_size_bytes",
  "max_outgoing_packet_size_bytes",
  "request_channel_capacity",
  "max_request_batch_size",
  "pending_throttle_usecs",
  "inflight_limit",
  "conn_timeout_secs",
]);

/**
 * Reads `mqtt[s]://HOST[:PORT]?client_id=ID`, as Spin's client does (crate `rumqttc`, which must have an id); undefined
 * for what is no such address.
 */
export function parseMqttAddress(text: string): MqttAddress | undefined {
  if (text.length > outboundLimits.addressLengthMax || !URL.canParse(text)) return undefined;
  const url = new URL(text);
  const scheme = url.protocol.slice(0, -1);
  const usual = Object.hasOwn(portsOfSchemes, scheme) ? portsOfSchemes[scheme] : undefined;
  const clientId = url.searchParams.get("client_id");
  if (usual === undefined || clientId === null || url.hostname === "") return undefined;
  const isKnown = [...url.searchParams.keys()].every((key) => key === "client_id" || ignoredParameters.has(key));
  if (!isKnown) return undefined;
  return {
    scheme,
    host: url.hostname.replace(/^\[(?<address>.*)\]$/u, "$<address>"),
    port: url.port === "" ? usual.port : Number(url.port),
    clientId,
    isSecured: usual.isSecured,
  };
}
