import { checkCompiled, type Language, missingToolchain } from "./language.ts";
import { findOwnProgram } from "./own-program.ts";
import { findWorld, witFolder } from "./wit-world.ts";

const INSTALL = "python3 -m venv .venv && .venv/bin/pip install componentize-py";

export const python: Language = {
  name: "Python",
  mark: "app.py with wit/",
  claims: (names) => names.includes("app.py") && names.includes(witFolder),
  async compile(folder) {
    const program = findOwnProgram(folder, "componentize-py", ".venv/bin");
    if (program === undefined) {
      throw missingToolchain(folder, "it is Python, and there is no componentize-py", INSTALL);
    }
    const { name: world } = findWorld(folder);
    const words = ["--wit-path", witFolder, "--world", world, "componentize", "app", "--output", folder.output];
    checkCompiled(folder, "componentize-py", await folder.tools.run([program, ...words], folder));
    return folder.output;
  },
};
