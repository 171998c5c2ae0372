import { execFile } from "node:child_process";
import { globSync, mkdirSync, mkdtempDisposableSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { KwasmError } from "#base";

/** A slow mirror may take long, one that says nothing for ten minutes is not there. */
const FETCH_MS_MAX = 600_000;

const run = promisify(execFile);

/** Packages of one of Debian's suites. */
export interface PackageList {
  readonly suite: string;
  readonly packages: readonly string[];
}

/** Unpacks Debian packages into a folder as their root; the machine's own apt checks each against the signed index. */
export async function unpackPackages(lists: readonly PackageList[], root: string): Promise<void> {
  for (const list of lists) await unpackList(list, root);
}

async function unpackList({ suite, packages }: PackageList, root: string): Promise<void> {
  using scratch = mkdtempDisposableSync(join(tmpdir(), "kwasm-apt-"));
  const apt = scratch.path;
  for (const name of ["lists/partial", "cache/archives/partial", "sources", "debs"]) {
    mkdirSync(join(apt, name), { recursive: true });
  }
  writeFileSync(join(apt, "status"), "");
  writeFileSync(join(apt, "sources", "suite.sources"), sourcesOf(suite));
  const options = { cwd: join(apt, "debs"), timeout: FETCH_MS_MAX };
  await run("apt-get", [...aptOptions(apt), "update"], options);
  await run("apt-get", [...aptOptions(apt), "download", ...packages], options);
  for (const file of globSync(join(apt, "debs", "*.deb"))) await run("dpkg-deb", ["-x", file, root]);
}

/** Points apt at a state of its own, so that the machine's sources, lists and cache are neither used nor changed. */
function aptOptions(apt: string): readonly string[] {
  const settings = {
    "Dir::Etc::sourcelist": "/dev/null",
    "Dir::Etc::sourceparts": join(apt, "sources"),
    "Dir::State::lists": join(apt, "lists"),
    "Dir::State::status": join(apt, "status"),
    "Dir::Cache": join(apt, "cache"),
    "APT::Sandbox::User": "root",
    "Acquire::Languages": "none",
  };
  return ["-qq", ...Object.entries(settings).map(([name, value]) => `-o${name}=${value}`)];
}

/** The machine's own Debian sources with another suite: mirror, proxy and keys stay what its owner chose. */
function sourcesOf(suite: string): string {
  const files = globSync("/etc/apt/sources.list.d/*.sources");
  const entries = files.flatMap((file) => readFileSync(file, "utf8").split(/\n{2,}/));
  const debian = entries.filter((entry) => /^Types:.*\bdeb\b/m.test(entry) && /^Suites: *[a-z]+( |$)/m.test(entry));
  if (debian.length > 0) return debian.map((entry) => entry.replace(/^Suites:.*$/m, `Suites: ${suite}`)).join("\n\n");
  throw new KwasmError(
    "unsupported",
    `finding the machine's Debian sources for suite "${suite}": none in "/etc/apt/sources.list.d/*.sources"; ` +
      "run these tests on Debian 12 or newer",
  );
}
