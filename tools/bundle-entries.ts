/** The product's processes and threads: the file in a build, and the source that it is made from. */
export const bundleEntries: Readonly<Record<string, string>> = {
  "kwasm.js": "src/cli/main.ts",
  "installer.js": "src/cli/installer-main.ts",
  "operator.js": "src/cli/operator-main.ts",
  "kubectl-kwasm.js": "src/cli/kubectl-main.ts",
  "cell.js": "src/node/cell/main.ts",
  "spawner-worker.js": "src/node/control/spawner-worker.ts",
  "storage-worker.js": "src/spin-host/storage/storage-worker.ts",
  "log-worker.js": "src/node/control/log-worker.ts",
  "keeper.js": "src/shim/keeper-main.ts",
  "shim.js": "src/shim/shim-main.ts",
  "balancer.js": "src/local/services/balancer-main.ts",
};

/** Those whose `import()` stays one, of a file that bears the entry's name: what few need costs the others nothing. */
export const entriesWithLaterFiles: ReadonlySet<string> = new Set(["cell.js"]);
