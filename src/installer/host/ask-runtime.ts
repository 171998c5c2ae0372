import { KwasmError } from "#base";
import { GrpcClient } from "#grpc";
import { CriStatusRequest, CriStatusResponse, CriVersionRequest, CriVersionResponse } from "#proto";

import type { RuntimeAnswer, ServedHandler } from "./host.ts";

/** A containerd that is there answers in milliseconds, one that starts in seconds. */
const ANSWER_MS_MAX = 10_000;
const SERVICE = "runtime.v1.RuntimeService";

/**
 * What containerd serves, by its own word: CRI's verbose status has the configuration that the running process uses, in
 * every version from 1.6 on. What is only in a file is not in it before a restart.
 */
export async function askRuntime(socket: string): Promise<RuntimeAnswer> {
  using client = new GrpcClient(socket);
  const options = { timeoutMs: ANSWER_MS_MAX };
  const versionTypes = { request: CriVersionRequest, response: CriVersionResponse };
  const { runtimeVersion } = await client.call({ service: SERVICE, method: "Version" }, versionTypes, {}, options);
  const statusTypes = { request: CriStatusRequest, response: CriStatusResponse };
  const method = { service: SERVICE, method: "Status" };
  const { info } = await client.call(method, statusTypes, { verbose: true }, options);
  const configuration = info.find(({ key }) => key === "config")?.value ?? "{}";
  return { version: runtimeVersion.replace(/^v/u, ""), handlers: handlersOf(configuration) };
}

/** The names are containerd's JSON tags of its CRI configuration, the same in 1.6 and 2. */
function handlersOf(configuration: string): ReadonlyMap<string, ServedHandler> {
  const runtimes = fieldOf(fieldOf(parse(configuration), "containerd"), "runtimes");
  if (typeof runtimes !== "object" || runtimes === null) return new Map();
  return new Map(
    Object.entries(runtimes).map(([name, runtime]: [string, unknown]) => {
      const runtimeType = fieldOf(runtime, "runtimeType");
      const annotations = fieldOf(runtime, "ContainerAnnotations");
      return [
        name,
        {
          runtimeType: typeof runtimeType === "string" ? runtimeType : "",
          containerAnnotations: Array.isArray(annotations) ? annotations.map(String) : [],
        },
      ];
    }),
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new KwasmError("corrupt", `read containerd's configuration in its status: ${String(error)}`, {
      cause: error,
    });
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
