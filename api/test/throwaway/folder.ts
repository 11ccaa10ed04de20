import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, realpathSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

interface Root {
  readonly folder: string;
  /** Held on to, because collecting it as garbage would close its standard input. */
  readonly cleaner: ChildProcess;
}

let root: Root | undefined;

/** The name of a folder that does not exist yet and that disappears, with every server in it, when this process ends. */
export function throwawayFolder(name: string): string {
  root ??= createRoot();
  return join(root.folder, `${name}-${crypto.randomUUID().slice(0, 8)}`);
}

function createRoot(): Root {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "goldenring-test-")));
  return { folder, cleaner: cleanUpAfterThisProcess(folder) };
}

/**
 * `bun test` emits no exit event, and a killed process could not react to it anyway. So a small shell waits for the end of this
 * process, which the kernel shows it by closing its standard input, and then removes what is left: processes that work in
 * the folder (even stopped ones), the shared memory that a killed PostgreSQL cannot return, and the folder.
 */
function cleanUpAfterThisProcess(folder: string): ChildProcess {
  const script = `
    cat > /dev/null
    workers() { ls -l /proc/[0-9]*/cwd 2> /dev/null | grep -F -- "-> $1/" | sed 's|.*/proc/\\([0-9]*\\)/cwd .*|\\1|'; }
    for file in "$1"/*/cluster/postmaster.pid; do
      [ -e "$file" ] && kill -KILL "$(head -n 1 "$file")" 2> /dev/null
    done
    for attempt in 1 2 3 4 5 6 7 8 9 10; do
      left=$(workers "$1")
      [ -z "$left" ] && break
      kill -KILL $left 2> /dev/null
      sleep 0.1
    done
    for file in "$1"/*/cluster/postmaster.pid; do
      [ -e "$file" ] && ipcrm -m "$(sed -n '7s/.* //p' "$file")" 2> /dev/null
    done
    rm -rf "$1"
  `;
  const cleaner = spawn("sh", ["-c", script, "sh", folder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "ignore", "ignore"],
  });
  cleaner.unref();
  // In Node the open pipe would keep this process alive.
  if (cleaner.stdin instanceof Socket) cleaner.stdin.unref();
  return cleaner;
}
