import { bytes, int64, message, nested, string } from "./message.ts";

/**
 * What we ask containerd for an image: api/services/{containers,images,content}/v1 and api/types/descriptor.proto, as
 * far as it is needed.
 */

export const GetContainerRequest = message("containerd.services.containers.v1.GetContainerRequest", { id: string(1) });

export const GetContainerResponse = message("containerd.services.containers.v1.GetContainerResponse", {
  container: nested(1, message("containerd.services.containers.v1.Container", { id: string(1), image: string(3) })),
});

export const GetImageRequest = message("containerd.services.images.v1.GetImageRequest", { name: string(1) });

const Descriptor = message("containerd.types.Descriptor", { mediaType: string(1), digest: string(2), size: int64(3) });

export const GetImageResponse = message("containerd.services.images.v1.GetImageResponse", {
  image: nested(1, message("containerd.services.images.v1.Image", { name: string(1), target: nested(3, Descriptor) })),
});

export const ReadContentRequest = message("containerd.services.content.v1.ReadContentRequest", { digest: string(1) });

export const ReadContentResponse = message("containerd.services.content.v1.ReadContentResponse", {
  offset: int64(1),
  data: bytes(2),
});
