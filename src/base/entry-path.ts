import { fileURLToPath } from "node:url";

/**
 * The absolute path of the file that a child process or a worker starts with. From source every module has a place of
 * its own and the entry is found relative to its caller; in a bundle all callers are one file and the entries are its
 * siblings, named by the table in `tools/bundle.ts`. `moduleUrl` is the caller's `import.meta.url`.
 */
export function entryPath(moduleUrl: string, sourceRelative: string, bundleName: string): string {
  const isSource = moduleUrl.endsWith(".ts");
  return fileURLToPath(new URL(isSource ? sourceRelative : `./${bundleName}`, moduleUrl));
}
