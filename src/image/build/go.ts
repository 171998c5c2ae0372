import { compileForWorld, hasWorld } from "./embed-world.ts";
import { checkCompiled, type Language, missingToolchain, type SourceFolder } from "./language.ts";

/** The first version with the port `wasip1/wasm`; https://go.dev/doc/go1.21. */
const GO_MINOR_MIN = 21;

/** The first version with `//go:wasmexport`; https://go.dev/doc/go1.24. */
const GO_MINOR_MIN_OF_EXPORTS = 24;

/** A module without `_start`, made ready by `_initialize`. */
const reactor = "-buildmode=c-shared";

const INSTALL = "apt-get install golang-go (on Debian 12: apt-get install -t bookworm-backports golang-go)";

/** No build id, folder names or commit in the module: the same source gives the same bytes. */
const reproducible = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="] as const;

export const go: Language = {
  name: "Go",
  mark: "go.mod",
  claims: (names) => names.includes("go.mod"),
  async compile(folder) {
    const { tools } = folder;
    if (tools.findProgram("go") === undefined) throw missingToolchain(folder, "it is Go, and there is no go", INSTALL);
    const version = (await tools.run(["go", "env", "GOVERSION"], folder)).stdout.trim();
    const minorMin = hasWorld(folder) ? GO_MINOR_MIN_OF_EXPORTS : GO_MINOR_MIN;
    if (!isNewEnough(version, minorMin)) {
      throw missingToolchain(folder, `it needs Go 1.${minorMin} or newer, and "${version}" is here`, INSTALL);
    }
    if (hasWorld(folder)) return compileForWorld(folder, (output) => compile(folder, [reactor, "-o", output]));
    await compile(folder, ["-o", folder.output]);
    return folder.output;
  },
};

async function compile(folder: SourceFolder, more: readonly string[]): Promise<void> {
  const env = { GOOS: "wasip1", GOARCH: "wasm", CGO_ENABLED: "0" };
  const result = await folder.tools.run(["go", "build", ...reproducible, ...more, "."], { ...folder, env });
  checkCompiled(folder, "go build", result);
}

/** Versions are `go1.26.8`, `go1.27rc1`, or `devel …` for a build of one's own, which is taken as new. */
function isNewEnough(version: string, minorMin: number): boolean {
  if (version.startsWith("devel")) return true;
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= minorMin);
}
