import { resolve } from "node:path";

import { KwasmError } from "#base";
import type { ImageStore } from "#image";
import type { ManifestFile } from "#local";
import { readManifest, type SpinApplication } from "#spin";

import type { Io } from "../../frame/io.ts";
import { spinVariablesOf } from "../run/grant-program.ts";
import { buildApplication } from "./build-application.ts";

/** Where Spin applications listen in containers, as those of Spin's shim. */
const containerPort = 80;

/**
 * Builds the images of Spin applications and writes what runs them: a Deployment and a Service of the application's name.
 * An image that has changed rolls out, for the Deployment says its digest.
 */
export async function describeApplications(
  paths: readonly string[],
  { store, isForced }: { readonly store: ImageStore; readonly isForced: boolean },
  io: Io,
): Promise<readonly ManifestFile[]> {
  const files: ManifestFile[] = [];
  for (const path of paths) {
    const manifest = resolve(io.cwd, path);
    const application = await readManifest(manifest);
    const name = objectNameOf(application, path);
    io.stderr.write(`Building image "spin-${name}"\n`);
    const options = { name: `spin-${name}`, store, signal: io.interrupted(), runsCommands: isForced };
    const image = await buildApplication(manifest, options, io);
    const built = { image: image.name, digest: image.descriptor.digest, env: io.env };
    const isCommand = application.triggers.some(({ kind }) => kind === "command");
    const text = JSON.stringify(isCommand ? podOf(name, built) : objectsOf(name, built));
    files.push({ name: path, text });
  }
  return files;
}

/** A name as Kubernetes takes it, of one that may have any letters. */
function objectNameOf({ name }: SpinApplication, path: string): string {
  const words = name.toLowerCase().match(/[a-z0-9]+/gu) ?? [];
  const label = words
    .join("-")
    .slice(0, 50)
    .replace(/-$/u, "")
    .replace(/^(?=\d)/u, "spin-");
  if (label !== "") return label;
  throw new KwasmError("invalid-argument", `read "${path}": the application's name has no letter of a to z`);
}

interface ApplicationImage {
  readonly image: string;
  readonly digest: string;
  readonly env: Io["env"];
}

/** A command is run once. */
function podOf(name: string, { image, env }: ApplicationImage): object {
  const container = { name, image, imagePullPolicy: "Never", env: variablesOf(env) };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { app: name } },
    spec: { restartPolicy: "Never", containers: [container] },
  };
}

function variablesOf(env: Io["env"]): readonly { readonly name: string; readonly value: string }[] {
  return spinVariablesOf(env).map(([name, value]) => ({ name, value }));
}

function objectsOf(name: string, { image, digest, env }: ApplicationImage): object {
  const labels = { app: name };
  const container = { name, image, imagePullPolicy: "Never", ports: [{ containerPort }], env: variablesOf(env) };
  const template = {
    metadata: { labels, annotations: { "kwasm.sh/image-digest": digest } },
    spec: { containers: [container] },
  };
  const metadata = { name, labels };
  return {
    apiVersion: "v1",
    kind: "List",
    items: [
      { apiVersion: "apps/v1", kind: "Deployment", metadata, spec: { selector: { matchLabels: labels }, template } },
      {
        apiVersion: "v1",
        kind: "Service",
        metadata,
        spec: { selector: labels, ports: [{ port: containerPort, targetPort: containerPort }] },
      },
    ],
  };
}
