import { criMethods } from "./cri-messages.ts";
import { GrpcClient } from "./grpc-client.ts";

/** Speaks to a container runtime as kubelet does. */
export class CriClient extends GrpcClient<typeof criMethods> {
  /** `address` is the path of the runtime's Unix socket. */
  constructor(address: string) {
    super({ address, packageName: "runtime.v1", methods: criMethods });
  }
}
