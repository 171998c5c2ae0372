import { connect } from "node:net";
import { nodeHttp, nodeHttps, systemErrorCode } from "#base";
import type { HttpGetAction, Probe } from "../kinds/index.ts";

export interface ProbeResult {
  readonly isPassed: boolean;
  /** For the event `Unhealthy`; empty where it passed. */
  readonly message: string;
}

/** Where a probe goes: the pod's address, and the real port of a declared one. */
export interface ProbeTarget {
  readonly address: string;
  readonly portOf: (port: number | string) => number | undefined;
}

/** Bytes of a guest's response headers that control reads; a larger one fails the probe. */
const PROBE_HEADER_BYTES_MAX = 16_384;

const passed: ProbeResult = { isPassed: true, message: "" };

/** Makes one attempt. Never rejects; an aborted one reports a failure that nobody counts. */
export function checkProbe(probe: Probe, target: ProbeTarget, signal: AbortSignal): Promise<ProbeResult> {
  const action = probe.httpGet ?? probe.tcpSocket;
  if (action === undefined) return Promise.resolve(passed);
  const port = target.portOf(action.port);
  if (port === undefined) return Promise.resolve(failed(`the container has no port "${action.port}"`));
  const address = action.host ?? target.address;
  const timed = AbortSignal.any([signal, AbortSignal.timeout(probe.timeoutSeconds * 1_000)]);
  if (probe.httpGet !== undefined) return checkHttp(probe.httpGet, address, port, timed);
  return checkTcp(address, port, timed);
}

/** 200 to 399 passes, as for the kubelet; the certificate of an HTTPS probe is not verified, as there. */
function checkHttp(action: HttpGetAction, address: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  const request = action.scheme === "HTTPS" ? nodeHttps().request : nodeHttp().request;
  const headers = {
    "user-agent": "kube-probe/kwasm",
    accept: "*/*",
    connection: "close",
    ...Object.fromEntries(action.httpHeaders.map(({ name, value }) => [name.toLowerCase(), value])),
  };
  return new Promise((resolve) => {
    const call = request(
      {
        host: address,
        port,
        path: action.path,
        headers,
        signal,
        agent: false,
        maxHeaderSize: PROBE_HEADER_BYTES_MAX,
        rejectUnauthorized: false,
      },
      (response) => {
        const status = response.statusCode ?? 0;
        response.destroy();
        const isPassed = status >= 200 && status < 400;
        resolve(isPassed ? passed : failed(`HTTP probe failed with statuscode: ${status}`));
      },
    );
    call.on("error", (error) => resolve(failed(describe(error, `http://${address}:${port}${action.path}`))));
    call.end();
  });
}

function checkTcp(host: string, port: number, signal: AbortSignal): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once("connect", () => {
      resolve(passed);
      socket.destroy();
    });
    socket.on("error", (error) => resolve(failed(describe(error, `${host}:${port}`))));
  });
}

function describe(error: Error, place: string): string {
  return systemErrorCode(error) === "ABORT_ERR" ? `${place}: no answer in time` : `${place}: ${error.message}`;
}

function failed(message: string): ProbeResult {
  return { isPassed: false, message };
}
