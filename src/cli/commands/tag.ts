import { KwasmError } from "#base";

import { defineCommand } from "../frame/command.ts";
import { EXIT_OK } from "../frame/exit-codes.ts";
import { openImageStore } from "./image-store.ts";

export const tagCommand = defineCommand({
  name: "tag",
  summary: "Give an image of the local store one more name",
  operands: "IMAGE NAME[:TAG]…",
  description: `
Gives an image further names, as those that a registry is to have it by. A name that another image has is taken from it.

  kwasm tag hello:v1 ghcr.io/team/hello:v1`,
  options: {},
  run({ operands, stateDirectory }) {
    const [image, ...names] = operands;
    if (image === undefined) throw new KwasmError("invalid-argument", "IMAGE is missing");
    if (names.length === 0) throw new KwasmError("invalid-argument", `the new name of "${image}" is missing`);
    const store = openImageStore(stateDirectory);
    for (const name of names) store.tag(image, name);
    return Promise.resolve(EXIT_OK);
  },
});
