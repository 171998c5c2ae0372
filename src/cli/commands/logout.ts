import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { optionalOne } from "./operands.ts";
import { openCredentialStore, registryOptions } from "./registry-access.ts";
import { registryNameOf } from "./registry-name.ts";

export const logoutCommand = defineCommand({
  name: "logout",
  summary: "Forget the credentials for a registry",
  operands: "[REGISTRY]",
  description:
    "Removes the credentials for a registry, docker.io where none is named, from all files and helpers that have them.",
  options: { authfile: registryOptions.authfile },
  async run({ options, operands }, io) {
    const registry = registryNameOf(optionalOne(operands) ?? "docker.io");
    const isErased = await openCredentialStore(options, io).erase(registry);
    io.stdout.write(isErased ? `Removed login credentials for ${registry}\n` : `Not logged into ${registry}\n`);
    return EXIT_OK;
  },
});
