import { checkCompiled, type Language, missingToolchain } from "./language.ts";

/** The first version with the port `wasip1/wasm`; https://go.dev/doc/go1.21. */
const GO_MINOR_MIN = 21;

const INSTALL = "apt-get install golang-go (on Debian 12: apt-get install -t bookworm-backports golang-go)";

/** No build id, folder names or commit in the module: the same source gives the same bytes. */
const reproducible = ["-trimpath", "-buildvcs=false", "-ldflags=-s -w -buildid="] as const;

export const go: Language = {
  name: "Go",
  mark: "go.mod",
  claims: (names) => names.includes("go.mod"),
  async compile(folder) {
    const { tools, output } = folder;
    if (tools.findProgram("go") === undefined) throw missingToolchain(folder, "it is Go, and there is no go", INSTALL);
    const version = (await tools.run(["go", "env", "GOVERSION"], folder)).stdout.trim();
    if (!isNewEnough(version)) {
      throw missingToolchain(folder, `it needs Go 1.${GO_MINOR_MIN} or newer, and "${version}" is here`, INSTALL);
    }
    const env = { GOOS: "wasip1", GOARCH: "wasm", CGO_ENABLED: "0" };
    checkCompiled(
      folder,
      "go build",
      await tools.run(["go", "build", ...reproducible, "-o", output, "."], { ...folder, env }),
    );
    return output;
  },
};

/** Versions are `go1.26.8`, `go1.27rc1`, or `devel …` for a build of one's own, which is taken as new. */
function isNewEnough(version: string): boolean {
  if (version.startsWith("devel")) return true;
  const [, major = "0", minor = "0"] = /^go(\d+)\.(\d+)/.exec(version) ?? [];
  return Number(major) > 1 || (Number(major) === 1 && Number(minor) >= GO_MINOR_MIN);
}
