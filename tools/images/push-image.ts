import { KwasmError } from "#base";

import { type BuiltImage, manifestType } from "./oci-layout.ts";

/**
 * Pushes an image to a registry that asks for no credentials, as one in a test or in front of a mirror does; by HTTP
 * where the registry is this machine. https://github.com/opencontainers/distribution-spec, "Push".
 */
export async function pushImage(image: BuiltImage, reference: string): Promise<void> {
  const [, host = "", name = "", tag = ""] = /^([^/]+)\/(.+):([^:/]+)$/u.exec(reference) ?? [];
  if (host === "") throw new KwasmError("invalid-argument", `push "${reference}": give HOST/NAME:TAG`);
  const scheme = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/u.test(host) ? "http" : "https";
  const root = `${scheme}://${host}/v2/${name}`;
  for (const [digest, blob] of image.blobs) await pushBlob(root, digest, blob);
  const headers = { "content-type": manifestType };
  await expectOk(`push "${reference}"`, `${root}/manifests/${tag}`, { method: "PUT", headers, body: image.manifest });
}

async function pushBlob(root: string, digest: string, blob: Buffer): Promise<void> {
  const known = await fetch(`${root}/blobs/${digest}`, { method: "HEAD" });
  if (known.ok) return;
  const action = `push blob "${digest}"`;
  const begun = await expectOk(action, `${root}/blobs/uploads/`, { method: "POST" });
  const location = begun.headers.get("location");
  if (location === null) throw new KwasmError("corrupt", `${action}: the registry did not say where to`);
  const target = new URL(location, root);
  target.searchParams.set("digest", digest);
  const headers = { "content-type": "application/octet-stream" };
  await expectOk(action, target.href, { method: "PUT", headers, body: blob });
}

async function expectOk(action: string, url: string, request: RequestInit): Promise<Response> {
  const response = await fetch(url, request);
  if (response.ok) return response;
  throw new KwasmError(
    "unavailable",
    `${action}: the registry answered ${String(response.status)} ${await response.text()}`,
  );
}
