/**
 * Where the file is that a child process or a worker starts with. From source every module has a place of its own and
 * the entry stands beside its caller; in a bundle all callers are one file and the entries are its siblings, named by
 * the table in `tools/bundle.ts`. `moduleUrl` is the caller's `import.meta.url`.
 */
export function entryPath(moduleUrl: string, sourceRelative: string, bundleName: string): URL {
  const isSource = moduleUrl.endsWith(".ts");
  return new URL(isSource ? sourceRelative : `./${bundleName}`, moduleUrl);
}
