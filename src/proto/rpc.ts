import { bytes, int32, int64, message, nested, repeatedNested, string } from "./message.ts";
import { Any } from "./well-known.ts";

/** What ttrpc frames carry: request.proto of containerd/ttrpc, and google/rpc/status.proto. */

const KeyValue = message("ttrpc.KeyValue", { key: string(1), value: string(2) });

export const RpcRequest = message("ttrpc.Request", {
  service: string(1),
  method: string(2),
  payload: bytes(3),
  timeoutNano: int64(4),
  metadata: repeatedNested(5, KeyValue),
});

const RpcStatus = message("google.rpc.Status", { code: int32(1), message: string(2), details: repeatedNested(3, Any) });

export const RpcResponse = message("ttrpc.Response", { status: nested(1, RpcStatus), payload: bytes(2) });
