import { posix } from "node:path";
import { parse } from "smol-toml";

import { runtimeHandlers, shimFileOf } from "#api";

import type { HostReader } from "../host/host.ts";
import type { ConfigurationPlace } from "../presets/preset.ts";
import { handlersOfText } from "../toml/handler-tables.ts";
import { putBlock, takeOutBlock } from "../toml/own-block.ts";
import { scanTables, type TableRange } from "../toml/scan-tables.ts";
import { baseOf, editAdoptedDropIns, editDropIn, editText, withoutAdopted } from "./edits.ts";
import { criTableOf, formatHandlers, isAdopted } from "./handlers.ts";
import { keepOthers } from "./keep-others.ts";
import type { ConfigurationPlan, FileEdit, PlanInputs } from "./plan.ts";
import { importedFolderOf, versionOf } from "./read-configuration.ts";

type RancherPlace = Extract<ConfigurationPlace, { kind: "rancher" }>;

/** What a template of K3s is whose author changes nothing. */
export const BASE_TEMPLATE = '{{ template "base" . }}\n';

/** Where K3s looks for shims that it registers itself; `/opt/kwasm/bin` in earlier releases only. */
const searchedFolders = ["/usr/bin", "/usr/sbin", "/usr/local/bin", "/usr/local/sbin", "/bin", "/sbin"];
/** Where KWasm's installer kept its own. */
const FORMER_FOLDER = "/opt/kwasm/bin";

export function planRancher(inputs: PlanInputs, { directory }: RancherPlace): ConfigurationPlan {
  const rendered = readRendered(inputs, directory);
  const folder = rendered.dropIns;
  const formerShims = removeFormerShims(inputs.host);
  const template = posix.join(directory, rendered.version >= 3 ? "config-v3.toml.tmpl" : "config.toml.tmpl");
  const current = inputs.host.readFile(template)?.content.toString();
  const others = [...configuredByOthers(rendered, current), ...foundShims(inputs.host)];
  const { handlers, kept } = keepOthers(inputs.handlers, others, "K3s or its template registers it itself");
  const table = criTableOf(rendered.version, inputs.containerdMajor);
  const tables = formatHandlers(table, handlers);
  const shared = { handlers, kept };
  if (folder !== undefined) {
    const own = posix.join(folder, "kwasm.toml");
    const adopted = editAdoptedDropIns(inputs, folder, own);
    const edits = [...formerShims, ...adopted, editDropIn(inputs, own, rendered.version, tables)];
    const check = { kind: "file", path: posix.join(directory, "config.toml") } as const;
    return { ...shared, edits, adopted: [...adopted, ...formerShims].map(({ path }) => path), check };
  }
  const after = putBlock(templateWithoutOthers(current), tables);
  const isAdoptedTemplate = current !== undefined && withoutAdopted(current) !== current;
  return {
    ...shared,
    edits: [...formerShims, ...editTemplate(inputs, template, after)],
    adopted: [...formerShims.map(({ path }) => path), ...(isAdoptedTemplate ? [template] : [])],
    check: {
      kind: "text",
      text: putBlock(
        renderWithout(
          rendered.text,
          handlers.map(({ name }) => name),
        ),
        tables,
      ),
    },
  };
}

interface Rendered {
  readonly text: string;
  readonly version: number;
  readonly dropIns: string | undefined;
}

/** The file that containerd was started with, which also says what this release of K3s understands. */
function readRendered({ host, containerdMajor }: PlanInputs, directory: string): Rendered {
  const path = posix.join(directory, "config.toml");
  const text = host.readFile(path)?.content.toString() ?? "";
  const fallback = containerdMajor >= 2 ? 3 : 2;
  try {
    const configuration = parse(text);
    const folder = importedFolderOf(path, configuration);
    const version = "version" in configuration ? versionOf(configuration) : fallback;
    return { text, version, dropIns: folder?.startsWith(`${directory}/`) === true ? folder : undefined };
  } catch {
    // One that containerd cannot read is made again at the next start.
    return { text: "", version: fallback, dropIns: undefined };
  }
}

/** What goes as soon as ours is in place is nobody else's: our own block, and tables whose shims are KWasm's. */
function configuredByOthers({ text }: Rendered, template: string | undefined): readonly { readonly name: string }[] {
  const own = handlersOfText(takeOutBlock(text)).filter(
    (handler) => !isAdopted(handler) && !namesFormerShim(text, handler.range),
  );
  const written = isFrozen(template)
    ? []
    : handlersOfText(takeOutBlock(template ?? "")).filter((one) => !isAdopted(one));
  return [...(isFrozen(template) ? [] : own), ...written];
}

/** K3s writes the shim that it found as an option below the handler's table. */
function namesFormerShim(text: string, handler: TableRange): boolean {
  const own = scanTables(text).filter(({ path }) => handler.path.every((key, index) => path[index] === key));
  return own.some(({ start, end }) => text.slice(start, end).includes(`"${FORMER_FOLDER}/`));
}

function foundShims(host: HostReader): readonly { readonly name: string }[] {
  return runtimeHandlers
    .filter((name) => name !== "kwasm")
    .filter((name) =>
      searchedFolders.some((folder) => {
        const path = posix.join(folder, shimFileOf(name));
        // containerd-shim-spin's installer left a link to KWasm's shim, which dangles from now on.
        return host.isThere(path) && host.readLink(path)?.startsWith(FORMER_FOLDER) !== true;
      }),
    )
    .map((name) => ({ name }));
}

/**
 * A template without a word of Go's language, with KWasm's tables in it, is the copy of a rendered file that KWasm's
 * installer made: it froze the node's configuration, and is replaced by what K3s has built in.
 */
function isFrozen(template: string | undefined): boolean {
  return template !== undefined && !template.includes("{{") && withoutAdopted(template) !== template;
}

function templateWithoutOthers(template: string | undefined): string {
  if (template === undefined || isFrozen(template)) return BASE_TEMPLATE;
  return withoutAdopted(template);
}

function editTemplate(inputs: PlanInputs, path: string, after: string): readonly FileEdit[] {
  const current = inputs.host.readFile(path);
  const text = current?.content.toString();
  if (!isFrozen(text)) return editText(inputs, path, after);
  const [edit] = editText(inputs, path, after);
  return edit === undefined ? [] : [{ ...edit, restored: undefined }];
}

/** K3s of earlier releases would register them beside ours. */
function removeFormerShims(host: HostReader): readonly FileEdit[] {
  const names = host.list(FORMER_FOLDER).filter((name) => name.startsWith("containerd-shim-"));
  return names.map((name) => {
    const path = posix.join(FORMER_FOLDER, name);
    return { path, before: host.readFile(path), after: undefined, restored: undefined };
  });
}

/** Nearly what K3s will render: what it renders now, without what is replaced. */
function renderWithout(text: string, names: readonly string[]): string {
  const base = baseOf(text);
  const ranges = handlersOfText(base).filter(({ name }) => names.includes(name));
  return ranges.toReversed().reduce((rest, { range }) => rest.slice(0, range.start) + rest.slice(range.end), base);
}
