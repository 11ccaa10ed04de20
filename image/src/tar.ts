/** A file, a folder or a symbolic link of an archive. All belong to root and have the same time: an archive depends on nothing else. */
export type Entry = { readonly path: string } & (
  | { readonly content: string | Uint8Array; readonly isExecutable?: boolean }
  | { readonly link: string }
  | { readonly folder: true; readonly mode?: number }
);

const BLOCK_BYTES = 512;
const MAX_NAME_BYTES = 100;

/** An archive in the form of POSIX (ustar), sorted by path, with the folders that its entries need. Paths are relative. */
export function tar(entries: readonly Entry[]): Uint8Array<ArrayBuffer> {
  const all = new Map<string, Entry>();
  for (const { path } of entries) {
    const parts = path.split("/");
    for (let depth = 1; depth < parts.length; depth += 1) {
      const folder = parts.slice(0, depth).join("/");
      all.set(folder, { path: folder, folder: true });
    }
  }
  for (const entry of entries) all.set(entry.path, entry);
  const sorted = [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  const end = Buffer.alloc(2 * BLOCK_BYTES);
  return new Uint8Array(Buffer.concat([...sorted.flatMap(blocksOf), end]));
}

function blocksOf(entry: Entry): Buffer[] {
  if ("link" in entry) return [header(`${entry.path}`, 0o777, 0, "2", entry.link)];
  if ("folder" in entry) return [header(`${entry.path}/`, entry.mode ?? 0o755, 0, "5")];
  const content = Buffer.from(entry.content);
  const padding = Buffer.alloc(-content.length & (BLOCK_BYTES - 1));
  return [header(entry.path, entry.isExecutable ? 0o755 : 0o644, content.length, "0"), content, padding];
}

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html, ustar Interchange Format */
function header(path: string, mode: number, sizeBytes: number, type: string, link = ""): Buffer {
  const [prefix, name] = splitPath(path);
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, at: number, width: number) =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "ascii");
  block.write(name, 0);
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(sizeBytes, 124, 12);
  octal(0, 136, 12);
  block.write(type, 156);
  block.write(link, 157);
  block.write("ustar\x0000", 257);
  block.write(prefix, 345);
  block.fill(" ", 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  octal(sum, 148, 7);
  return block;
}

/** @throws where it is too long for a header */
function splitPath(path: string): readonly [prefix: string, name: string] {
  if (Buffer.byteLength(path) <= MAX_NAME_BYTES) return ["", path];
  const cut = path.indexOf("/", path.length - MAX_NAME_BYTES - 1);
  if (cut < 0 || cut > 155) throw new Error(`This path is too long for an archive: ${path}`);
  return [path.slice(0, cut), path.slice(cut + 1)];
}
