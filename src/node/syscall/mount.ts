import { attempt, checked, libc } from "./libc.ts";

const MNT_DETACH = 2;

/** Options of mount(8) that are flags of mount(2), with their bits; the rest goes to the file system as text. */
const flagsByOption: Readonly<Record<string, bigint>> = {
  ro: 1n,
  nosuid: 2n,
  nodev: 4n,
  noexec: 8n,
  noatime: 0x400n,
  bind: 0x1000n,
  rbind: 0x1000n | 0x4000n,
};
const MS_RDONLY = 1n;
const MS_REMOUNT = 0x20n;
const MS_BIND = 0x1000n;
/** Options that say what holds anyway. */
const defaults: ReadonlySet<string> = new Set(["rw", "defaults"]);
/** mount(2) reads one page of text at most. */
const DATA_BYTES_MAX = 4_095;

export interface FileSystemMount {
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

/** Mounts a file system at `target` (mount(2)); throws a typed error that names both. */
export function mountFileSystem({ type, source, options }: FileSystemMount, target: string): void {
  const flags = options.reduce((bits, option) => bits | (flagsByOption[option] ?? 0n), 0n);
  const data = options.filter((option) => flagsByOption[option] === undefined && !defaults.has(option)).join(",");
  attempt(`mount "${source}" of type "${type}" at "${target}"`, () => {
    if (Buffer.byteLength(data) > DATA_BYTES_MAX) throw new RangeError("its options are longer than a page");
    const names = { source: cString(source), target: cString(target), type: cString(type), data: cString(data) };
    checked("mount", libc.mount(names.source, names.target, names.type, flags, names.data));
    // The kernel takes a bind mount's own flags in a second step only.
    const isReadOnlyBind = (flags & MS_BIND) !== 0n && (flags & MS_RDONLY) !== 0n;
    if (!isReadOnlyBind) return;
    checked("mount", libc.mount(names.source, names.target, names.type, flags | MS_REMOUNT, names.data));
  });
}

/** Takes the mount at `target` out of the tree at once; it ends when its last user does (umount2(2)). */
export function unmountFileSystem(target: string): void {
  attempt(`unmount "${target}"`, () => checked("umount2", libc.umount2(cString(target), MNT_DETACH)));
}

function cString(text: string): Uint8Array {
  const bytes = Buffer.from(text, "utf8");
  const terminated = new Uint8Array(new ArrayBuffer(bytes.byteLength + 1));
  terminated.set(bytes);
  return terminated;
}
