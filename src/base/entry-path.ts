import { fileURLToPath } from "node:url";

/**
 * Where the program of a child process or a thread is: beside the asking module while sources run as they are, beside
 * the bundle once they are bundled. `importer` is the asking module's `import.meta.url`.
 */
export function entryPath(importer: string, sourceName: string, bundleName: string): string {
  const name = importer.endsWith(".ts") ? sourceName : `./${bundleName}`;
  return fileURLToPath(new URL(name, importer));
}
