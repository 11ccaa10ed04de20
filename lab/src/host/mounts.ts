/** One line of /proc/PID/mountinfo, see proc_pid_mountinfo(5). */
export interface Mount {
  /** The folder of the file system that forms the root of this mount. */
  readonly root: string;
  readonly mountPoint: string;
  readonly type: string;
  readonly source: string;
  /** Per-superblock options. */
  readonly options: readonly string[];
}

/** Lines of another form are left out. */
export function parseMountInfo(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    // 36 35 98:0 /root /mount rw,noatime shared:1 - ext3 /dev/sda rw,errors=continue : the fields before the hyphen vary in number.
    const [before = "", after] = line.split(" - ");
    const [, , , root, mountPoint] = before.split(" ");
    const [type, source, options] = after?.split(" ") ?? [];
    if (root === undefined || mountPoint === undefined || type === undefined) return [];
    return [
      {
        root: unescapeOctal(root),
        mountPoint: unescapeOctal(mountPoint),
        type,
        source: unescapeOctal(source ?? ""),
        options: options?.split(",") ?? [],
      },
    ];
  });
}

/** The kernel writes space, tab, newline and backslash as octal numbers. */
function unescapeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
