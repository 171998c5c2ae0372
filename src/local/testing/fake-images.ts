import { KwasmError } from "#base";
import type { ContainerImages } from "../pods/container-images.ts";

const digest = `sha256:${"0".repeat(64)}` as const;

/** Images that exist by name alone. The set may grow while a test runs. */
export function fakeImages(names: ReadonlySet<string>, root: string): ContainerImages {
  const config = {
    os: "wasip1",
    architecture: "wasm",
    entrypoint: ["/app.wasm"],
    cmd: [],
    env: [["FROM_IMAGE", "yes"]] as const,
    workingDirectory: "/",
    user: "65532",
    labels: {},
    diffIds: [],
  };
  return {
    async open(name) {
      if (!names.has(name)) {
        throw new KwasmError("not-found", `find image "${name}": there is none; run "kwasm build -t ${name}"`);
      }
      return { name, digest, config, root, kind: "files" };
    },
    async resolve(image, command, args) {
      const module = { path: `${image.root}/app.wasm`, imagePath: "/app.wasm", digest, kind: "module" as const };
      return { module, argv: [...command, ...args], env: config.env, workingDirectory: "/", user: "65532" };
    },
  };
}
