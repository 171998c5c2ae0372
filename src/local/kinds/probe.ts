import {
  checkHeaderName,
  checkPortName,
  ignoredSo,
  integer,
  integerOr,
  listOf,
  objectOf,
  oneOf,
  optional,
  portNumber,
  required,
  type Schema,
  someText,
  text,
  withDefault,
  type Cursor,
  invalid,
} from "../schema/index.ts";
import type { IntOrString } from "./object.ts";
import type { HttpGetAction, Probe, TcpSocketAction } from "./pod-spec.ts";

const actions = ["httpGet", "tcpSocket", "exec", "grpc"] as const;

/** A port by number or by the name that the container gave to it. */
export function portReference(): Schema<IntOrString> {
  return integerOr(portNumber(), someText(checkPortName));
}

export function probe(use: "livenessProbe" | "readinessProbe" | "startupProbe"): Schema<Probe> {
  return objectOf<Probe>({
    fields: {
      httpGet: optional(httpGet()),
      tcpSocket: optional(tcpSocket()),
      initialDelaySeconds: withDefault(integer(0), 0),
      timeoutSeconds: withDefault(integer(1), 1),
      periodSeconds: withDefault(integer(1), 10),
      successThreshold: withDefault(integer(1), 1),
      failureThreshold: withDefault(integer(1), 3),
      terminationGracePeriodSeconds: optional(integer(1)),
    },
    unsupported: {
      exec: ignoredSo("a Wasm guest has no second process to start; the probe always succeeds"),
      grpc: ignoredSo("the probe always succeeds; tcpSocket can take its place"),
    },
    rule: (value, cursor) => checkProbe(value, cursor, use),
  });
}

function checkProbe(value: Probe, cursor: Cursor, use: string): void {
  const given = actions.filter((action) => cursor.field(action) !== undefined);
  if (given.length === 0) cursor.refuseNoChoice("Required value: must specify a handler type");
  const [, second] = given;
  if (second !== undefined) cursor.find(second).refuse("Forbidden: may not specify more than 1 handler type");
  if (use !== "readinessProbe" && value.successThreshold !== 1) {
    cursor.find("successThreshold").refuse(invalid(value.successThreshold, "must be 1"));
  }
  if (use === "readinessProbe" && value.terminationGracePeriodSeconds !== undefined) {
    const place = cursor.find("terminationGracePeriodSeconds");
    place.refuse(invalid(value.terminationGracePeriodSeconds, "must not be set for readinessProbes"));
  }
}

function httpGet(): Schema<HttpGetAction> {
  return objectOf<HttpGetAction>({
    fields: {
      path: withDefault(text(), "/"),
      port: required(portReference()),
      host: optional(text()),
      scheme: withDefault(oneOf("HTTP", "HTTPS"), "HTTP"),
      httpHeaders: withDefault(listOf(header()), []),
    },
  });
}

function header(): Schema<{ readonly name: string; readonly value: string }> {
  return objectOf<{ readonly name: string; readonly value: string }>({
    fields: { name: required(someText(checkHeaderName)), value: withDefault(text(), "") },
  });
}

function tcpSocket(): Schema<TcpSocketAction> {
  return objectOf<TcpSocketAction>({ fields: { port: required(portReference()), host: optional(text()) } });
}
