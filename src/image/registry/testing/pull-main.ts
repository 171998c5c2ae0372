/**
 * A process of its own that pulls an image, for the tests that kill it. Arguments: the store's folder, the image's name.
 * It prints what happens, a line each.
 */
import { openStore } from "../../store/store.ts";
import { RegistryAccess } from "../access.ts";
import { pullImage } from "../pull.ts";

const [directory = "", name = ""] = process.argv.slice(2);
using access = new RegistryAccess({ credentials: () => Promise.resolve(undefined), hosts: { directories: [] } });
await pullImage({
  store: openStore(directory),
  name,
  access,
  onTransfer: (event) => process.stdout.write(`${event.kind} ${"blob" in event ? event.blob.digest : event.server}\n`),
});
process.stdout.write("pulled\n");
