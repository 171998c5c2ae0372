import { KwasmError } from "#base";
import { type Digest, digestOf } from "../../digest.ts";
import { type Descriptor, mediaTypes } from "../../document.ts";
import { documentTypeOf } from "../../layout/parse.ts";
import type { ImageLimits } from "../../limits.ts";
import type { RegistryClient } from "../http/registry-client.ts";
import { readWhole } from "../http/transport.ts";

/** OCI's and Docker's manifests and indexes. */
const documentTypes: readonly string[] = [
  mediaTypes.index,
  mediaTypes.manifest,
  "application/vnd.docker.distribution.manifest.list.v2+json",
  "application/vnd.docker.distribution.manifest.v2+json",
];

export interface FetchedDocument {
  readonly descriptor: Descriptor;
  readonly bytes: Uint8Array;
}

/** Fetches a manifest or an index by tag or digest; a digest is compared before anything is read. */
export async function fetchDocument(
  client: RegistryClient,
  tagOrDigest: string,
  expected: Digest | undefined,
  limits: ImageLimits,
): Promise<FetchedDocument> {
  const what = `manifest "${client.repository}:${tagOrDigest}" of "${client.endpoint.registry}"`;
  return client.retrying(async () => {
    const response = await client.send({
      method: "GET",
      path: `${client.repository}/manifests/${tagOrDigest}`,
      scopes: client.pullScopes(),
      headers: { accept: documentTypes.join(", ") },
      accepted: [200],
    });
    const bytes = await readWhole(response, limits.manifestBytesMax, what);
    const digest = digestOf(bytes);
    checkDigest(digest, expected ?? response.headers["docker-content-digest"], what);
    const mediaType = typeOf(response.headers["content-type"], bytes, what);
    return { bytes, descriptor: { mediaType, digest, size: bytes.byteLength } };
  });
}

/** What the registry says by a header of its own is compared too, where it is of the algorithm that is known. */
function checkDigest(digest: Digest, expected: string | string[] | undefined, what: string): void {
  if (typeof expected !== "string" || !expected.startsWith("sha256:") || expected === digest) return;
  throw new KwasmError("corrupt", `fetching ${what}: it has digest "${digest}" where "${expected}" was announced`);
}

function typeOf(header: string | undefined, bytes: Uint8Array, what: string): string {
  const announced = header?.split(";")[0]?.trim() ?? "";
  const mediaType = documentTypes.includes(announced) ? announced : documentTypeOf(bytes, what);
  if (documentTypes.includes(mediaType)) return mediaType;
  throw new KwasmError(
    "unsupported",
    `fetching ${what}: it is of type "${(mediaType || announced).slice(0, 100)}", which is no manifest of OCI or Docker 2`,
  );
}
