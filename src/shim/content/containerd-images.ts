import { KwasmError } from "#base";
import { GrpcClient } from "#grpc";
import { type ImageContent, type ReadBlob, unpackWasmImage } from "#image";
import {
  GetContainerRequest,
  GetContainerResponse,
  GetImageRequest,
  GetImageResponse,
  ReadContentRequest,
  ReadContentResponse,
} from "#proto";

/** containerd answers these from its own database and disk; creating a container has two minutes in kubelet. */
const CALL_MS_MAX = 30_000;

/** Images whose modules are kept unpacked here. More than a node's pods have; those that are unused go first. */
const IMAGES_MAX = 256;

/** Images of Wasm layers, which containerd pulls and does not unpack. They are read out of its content store. */
export class ContainerdImages implements Disposable {
  readonly #client: GrpcClient;
  readonly #directory: string;

  /** `address` is the path of containerd's socket, `directory` where unpacked modules are kept. */
  constructor(address: string, directory: string) {
    this.#client = new GrpcClient(address);
    this.#directory = directory;
  }

  /** What a container's image runs, or undefined where it is no image of Wasm layers. */
  async open(namespace: string, containerId: string): Promise<ImageContent | undefined> {
    const options = { timeoutMs: CALL_MS_MAX, metadata: { "containerd-namespace": namespace } };
    const name = await this.#imageOf(containerId, options);
    if (name === "") return undefined;
    const types = { request: GetImageRequest, response: GetImageResponse };
    const { image } = await this.#client.call(methods.image, types, { name }, options);
    if (image?.target === undefined) throw new KwasmError("not-found", `find image "${name}": containerd has none`);
    const { target } = image;
    return unpackWasmImage({
      name,
      target: { ...target, size: Number(target.size) },
      readBlob: this.#readerOf(options),
      directory: this.#directory,
      imagesMax: IMAGES_MAX,
    });
  }

  close(): void {
    this.#client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #imageOf(id: string, options: CallOptions): Promise<string> {
    const types = { request: GetContainerRequest, response: GetContainerResponse };
    const { container } = await this.#client.call(methods.container, types, { id }, options);
    return container?.image ?? "";
  }

  #readerOf(options: CallOptions): ReadBlob {
    const client = this.#client;
    return async function* read({ digest }) {
      const types = { request: ReadContentRequest, response: ReadContentResponse };
      for await (const { data } of client.read(methods.content, types, { digest }, options)) yield data;
    };
  }
}

type CallOptions = Parameters<GrpcClient["read"]>[3];

const methods = {
  container: { service: "containerd.services.containers.v1.Containers", method: "Get" },
  image: { service: "containerd.services.images.v1.Images", method: "Get" },
  content: { service: "containerd.services.content.v1.Content", method: "Read" },
} as const;
