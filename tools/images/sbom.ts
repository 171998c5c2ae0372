import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process";
import { realpathSync } from "node:fs";

import lockFile from "../../package-lock.json" with { type: "json" };
import packageManifest from "../../package.json" with { type: "json" };
import { listSharedLibraries } from "../layout/shared-libraries.ts";
import { findProgram } from "../layout/write-layout.ts";
import { sha256 } from "./layer.ts";

interface LockedPackage {
  readonly version?: string;
  readonly license?: string;
  readonly integrity?: string;
  readonly dev?: boolean;
}

/** What the images are made of, as SPDX 2.3 in JSON: npm's packages that are bundled, and Debian's that are copied. */
export function listMaterials(): string {
  const packages = [...npmPackages(), ...debianPackages()];
  const described = { SPDXID: "SPDXRef-kwasm", name: "kwasm", versionInfo: packageManifest.version };
  const document = {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: `kwasm-${packageManifest.version}`,
    documentNamespace: `https://kwasm.sh/spdx/${sha256(JSON.stringify(packages)).slice("sha256:".length)}`,
    creationInfo: { created: "1970-01-01T00:00:00Z", creators: ["Tool: kwasm-make-images"] },
    packages: [describe(described, "Apache-2.0", `pkg:generic/kwasm@${packageManifest.version}`), ...packages],
    relationships: [
      { spdxElementId: "SPDXRef-DOCUMENT", relationshipType: "DESCRIBES", relatedSpdxElement: described.SPDXID },
      ...packages.map(({ SPDXID }) => {
        return { spdxElementId: described.SPDXID, relationshipType: "CONTAINS", relatedSpdxElement: SPDXID };
      }),
    ],
  };
  return `${JSON.stringify(document, undefined, 1)}\n`;
}

interface Subject {
  readonly SPDXID: string;
  readonly name: string;
  readonly versionInfo: string;
}

function describe(subject: Subject, license: string, locator: string) {
  const reference = { referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: locator };
  return { ...subject, downloadLocation: "NOASSERTION", licenseDeclared: license, externalRefs: [reference] };
}

function npmPackages() {
  // The lock file is JSON of npm's making; its shape is described at docs.npmjs.com (package-lock.json).
  const locked = Object.entries(lockFile.packages as Readonly<Record<string, LockedPackage>>);
  return locked.flatMap(([path, { version, license, dev }]) => {
    const name = path.slice(path.lastIndexOf("node_modules/") + "node_modules/".length);
    // Packages of types have nothing that runs.
    if (path === "" || version === undefined || dev === true || name.startsWith("@types/")) return [];
    const subject = { SPDXID: idOf("npm", `${name}-${version}`), name, versionInfo: version };
    return [describe(subject, license ?? "NOASSERTION", `pkg:npm/${name}@${version}`)];
  });
}

function debianPackages() {
  const programs = [process.execPath, findProgram("flock"), findProgram("nsenter")];
  const paths = [...programs.slice(1), ...listSharedLibraries(...programs).map(({ path }) => path)];
  const owners = new Set(paths.flatMap((path) => ownerOf(realpathSync(path)) ?? []));
  return [...owners].toSorted().map((owner) => {
    const [name = "", version = ""] = owner.split(" ");
    const subject = { SPDXID: idOf("deb", `${name}-${version}`), name, versionInfo: version };
    return describe(subject, "NOASSERTION", `pkg:deb/debian/${name}@${version}`);
  });
}

/** Package and version that a file of a Debian is of; undefined where no package has it. */
function ownerOf(path: string): string | undefined {
  const options: ExecFileSyncOptionsWithStringEncoding = { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] };
  try {
    // Where /lib is a link, packages know their files by the short path.
    const listed = execFileSync("dpkg-query", ["--search", `*${path.replace(/^\/usr/u, "")}`], options);
    const [owner = ""] = listed.split(": ");
    const [first = ""] = owner.split(", ");
    return execFileSync("dpkg-query", ["--show", "--showformat", "${Package} ${Version}", first], options);
  } catch {
    // No Debian, or a file of nobody: the list says what is known.
    return undefined;
  }
}

function idOf(kind: string, text: string): string {
  return `SPDXRef-${kind}-${text.replaceAll(/[^A-Za-z\d.-]/gu, "-")}`;
}
