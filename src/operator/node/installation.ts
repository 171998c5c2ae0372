import { fieldAt } from "#kube";

/**
 * What the operator knows of the runtime on a node. It stands in the node's annotation `installation`, so that an
 * operator that starts finds what the one before it had done, and a node that is made anew has none.
 */
export interface Installation {
  readonly image: string;
  /** Of the runtime; empty for installers of others, which say none. */
  readonly version: string;
  /** Whether the installer reported, as ours does; it can then uninstall as well, and its image has a probe. */
  readonly hasReport: boolean;
  /** The start of the node's kernel in which a Wasm pod ran there; undefined: not since the installation. */
  readonly verifiedBoot: string | undefined;
}

export function formatInstallation(installation: Installation): string {
  return JSON.stringify(installation);
}

/** Undefined for what is none: anybody may edit annotations, and then the node is installed once more. */
export function parseInstallation(text: string | undefined): Installation | undefined {
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // No JSON is no installation.
    return undefined;
  }
  const [image, version, hasReport, verifiedBoot] = ["image", "version", "hasReport", "verifiedBoot"].map((name) =>
    fieldAt(value, name),
  );
  if (typeof image !== "string" || typeof version !== "string" || typeof hasReport !== "boolean") return undefined;
  return { image, version, hasReport, verifiedBoot: typeof verifiedBoot === "string" ? verifiedBoot : undefined };
}
