import { RpcRequest, RpcResponse } from "#proto";
import { type Call, type CallHandler, errorOfStatus, type Method, type Services } from "#ttrpc";

/** containerd's service of sandbox controllers: api/services/sandbox/v1/sandbox.proto. */
export const sandboxService = "containerd.services.sandbox.v1.Controller";

const methods = ["Create", "Start", "Platform", "Stop", "Wait", "Status", "Shutdown", "Metrics", "Update"] as const;

/** The sandbox controller as containerd calls it by gRPC, each call carried by `handle` as one of ttrpc would be. */
export function sandboxCallsVia(handle: CallHandler): Services {
  return { [sandboxService]: Object.fromEntries(methods.map((method) => [method, carry(handle, method)])) };
}

function carry(handle: CallHandler, method: string): Method {
  return async (payload: Uint8Array, { signal, metadata }: Call) => {
    const entries = [...metadata].map(([key, value]) => ({ key, value }));
    const request = RpcRequest.encode({ service: sandboxService, method, payload, metadata: entries });
    const { status, payload: answer } = RpcResponse.decode(await handle(request, signal));
    if (status !== undefined && status.code !== 0) throw errorOfStatus(status);
    return answer;
  };
}
