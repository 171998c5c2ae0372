import { KwasmError } from "#base";
import type { Descriptor } from "../../document.ts";
import { describeUrl, TransientFailure } from "../http/failures.ts";
import type { RegistryClient, RegistryResponse } from "../http/registry-client.ts";
import { BlobFile } from "./blob-file.ts";

export type CountBytes = (bytes: number) => void;

/**
 * Fetches a blob into `path`, whose content is what an earlier attempt got. It is verified when this resolves; a
 * content that is something else is dropped.
 */
export async function fetchBlob(
  client: RegistryClient,
  descriptor: Descriptor,
  path: string,
  count: CountBytes,
): Promise<void> {
  await using file = await BlobFile.open(path, descriptor);
  if (file.size > 0) count(file.size);
  // A whole content that is wrong is what another server, or a crash, left: one that is right costs no request.
  if (file.size === descriptor.size && !file.isVerified()) {
    count(-file.size);
    await file.restart();
  }
  await client.retrying(
    () => fetchRest(client, descriptor, file, count),
    () => file.size,
  );
  if (file.isVerified()) return;
  await file.restart();
  throw new KwasmError(
    "corrupt",
    `fetching blob "${descriptor.digest}" from "${client.endpoint.registry}": what came is something else`,
  );
}

async function fetchRest(
  client: RegistryClient,
  descriptor: Descriptor,
  file: BlobFile,
  count: CountBytes,
): Promise<void> {
  if (file.size === descriptor.size && file.size > 0) return;
  const response = await client.send({
    method: "GET",
    path: `${client.repository}/blobs/${descriptor.digest}`,
    scopes: client.pullScopes(),
    headers: file.size > 0 ? { range: `bytes=${file.size}-` } : {},
    accepted: [200, 206, 416],
  });
  const isContinued = response.status === 206 && startOf(response) === file.size;
  if (!isContinued && file.size > 0) {
    count(-file.size);
    await file.restart();
  }
  if (!isContinued && response.status !== 200) {
    response.discard();
    const text = `asking "${describeUrl(response.url)}" for the rest of a blob: it answered another part`;
    throw new TransientFailure(new KwasmError("corrupt", text));
  }
  for await (const chunk of response.body) {
    await file.write(chunk);
    count(chunk.byteLength);
  }
  if (file.size === descriptor.size) return;
  const text = `fetching blob "${descriptor.digest}": ${file.size} of its ${descriptor.size} bytes came`;
  throw new TransientFailure(new KwasmError("corrupt", text));
}

/** `bytes 100-199/200`; RFC 9110, section 14.4. */
function startOf({ headers }: RegistryResponse): number | undefined {
  const start = /^bytes ([0-9]{1,15})-/.exec(headers["content-range"] ?? "")?.[1];
  return start === undefined ? undefined : Number(start);
}
