import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";
import { requireSome } from "./operands.ts";

export const rmiCommand = defineCommand({
  name: "rmi",
  summary: "Remove images from the local store",
  operands: "IMAGE…",
  description: `
Takes names away from images of the local store, and deletes what no name needs any more. IMAGE is a name or the start
of an id. A pod that runs keeps its files.`,
  options: {},
  async run({ operands, stateDirectory }, io) {
    const store = openImageStore(stateDirectory);
    for (const image of requireSome(operands, "IMAGE")) {
      const { untagged, deleted } = store.remove(image);
      io.stdout.write(`Untagged: ${untagged}\n${deleted.map((digest) => `Deleted: ${digest}\n`).join("")}`);
    }
    return EXIT_OK;
  },
});
