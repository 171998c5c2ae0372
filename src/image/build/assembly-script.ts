import { checkCompiled, type Language, missingToolchain } from "./language.ts";
import { findOwnProgram } from "./own-program.ts";

export const assemblyScript: Language = {
  name: "AssemblyScript",
  mark: "asconfig.json",
  claims: (names) => names.includes("asconfig.json"),
  async compile(folder) {
    const program = findOwnProgram(folder, "asc", "node_modules/.bin");
    if (program === undefined) {
      const install = "npm install --save-dev assemblyscript @assemblyscript/wasi-shim";
      throw missingToolchain(folder, "it is AssemblyScript, and there is no asc", install);
    }
    // The files to compile stand in the configuration.
    const words = ["--config", "asconfig.json", "--target", "release", "--outFile", folder.output];
    checkCompiled(folder, "asc", await folder.tools.run([program, ...words], folder));
    return folder.output;
  },
};
