import { type ImageRow, listImages } from "#image";
import { formatTable } from "#local";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { formatAgo, formatBytes } from "../frame/measures.ts";
import { openImageStore } from "./image-store.ts";
import { refuseMore } from "./operands.ts";

const headings = ["REPOSITORY", "TAG", "IMAGE ID", "CREATED", "SIZE"];

export const imagesCommand = defineCommand({
  name: "images",
  summary: "List the images of the local store",
  operands: "",
  description: "Lists the images that were built and pulled, from which 'kwasm run' and pods start.",
  options: { quiet: { short: "q", summary: "Show only the ids" } },
  async run({ options, operands, stateDirectory }, io) {
    refuseMore(operands);
    const rows = listImages(openImageStore(stateDirectory));
    io.stdout.write(
      options.quiet ? rows.map(({ id }) => `${id}\n`).join("") : formatTable(headings, rows.map(describeImage)),
    );
    return EXIT_OK;
  },
});

function describeImage({ repository, tag, id, createdAtMs, sizeBytes }: ImageRow): readonly string[] {
  return [repository, tag, id, formatAgo(createdAtMs, Date.now()), formatBytes(sizeBytes)];
}
