/** A process of its own that pushes an image, for the tests that kill it. Arguments: the store's folder, name, destination. */
import { openStore } from "../../store/store.ts";
import { RegistryAccess } from "../access.ts";
import { pushImage } from "../push.ts";

const [directory = "", name = "", destination = ""] = process.argv.slice(2);
using access = new RegistryAccess({ credentials: () => Promise.resolve(undefined), hosts: { directories: [] } });
await pushImage({ store: openStore(directory), name, destination, access });
