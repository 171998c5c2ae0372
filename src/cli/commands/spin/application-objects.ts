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
    files.push({ name: path, text: JSON.stringify(objectsOf(application, name, built)) });
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

function objectsOf({ triggers }: SpinApplication, name: string, built: ApplicationImage): object {
  if (triggers.some(({ kind }) => kind === "command")) return podOf(name, built);
  if (!triggers.some(({ kind }) => kind === "http")) return deploymentOf(name, built, []);
  const items = [deploymentOf(name, built, [{ containerPort }]), serviceOf(name)];
  return { apiVersion: "v1", kind: "List", items };
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

/** One that answers no requests has no port. */
function deploymentOf(name: string, { image, digest, env }: ApplicationImage, ports: readonly object[]): object {
  const labels = { app: name };
  const given = ports.length === 0 ? {} : { ports };
  const container = { name, image, imagePullPolicy: "Never", ...given, env: variablesOf(env) };
  const template = {
    metadata: { labels, annotations: { "kwasm.sh/image-digest": digest } },
    spec: { containers: [container] },
  };
  const spec = { selector: { matchLabels: labels }, template };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name, labels }, spec };
}

function serviceOf(name: string): object {
  const labels = { app: name };
  const spec = { selector: labels, ports: [{ port: containerPort, targetPort: containerPort }] };
  return { apiVersion: "v1", kind: "Service", metadata: { name, labels }, spec };
}
