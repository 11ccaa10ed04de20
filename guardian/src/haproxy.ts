import { type Machine, Shell, shellQuote } from "@goldenring/stand";

/** HAProxy on one machine, by its admin socket. */
export interface LoadBalancer {
  /**
   * Marks a server down in every listener that has it, which ends its sessions at once (`on-marked-down shutdown-sessions`).
   * HAProxy's own checks go on and bring it up again when it answers.
   *
   * @returns the listeners
   */
  markDown(server: string): Promise<readonly string[]>;
  close(): void;
}

const SOCKET = "/run/haproxy/admin.sock";
/** Milliseconds. */
const DEADLINE = 1_500;
const KEEP_WARM = 2_000;

/** Runs on the machine. Python is there because Ansible needs it; nothing else that speaks to a UNIX socket has to be. */
const MARK_DOWN = `
import socket, sys
def ask(command):
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(1)
        admin.connect("${SOCKET}")
        admin.sendall(command.encode() + b"\\n")
        answer = b""
        while True:
            part = admin.recv(65536)
            if not part:
                return answer.decode()
            answer += part
rows = [line.split() for line in ask("show servers state").splitlines() if line[:1].isdigit()]
listeners = [row[1] for row in rows if len(row) > 3 and row[3] == sys.argv[1]]
complaint = ask("; ".join("set server %s/%s health down" % (name, sys.argv[1]) for name in listeners)).strip() if listeners else ""
print(" ".join(listeners))
sys.exit(complaint or 0)
`;

export function openLoadBalancer(machine: Machine): LoadBalancer {
  const shell = new Shell(machine, { keepWarmMs: KEEP_WARM });
  return {
    async markDown(server) {
      const command = `python3 -I -c ${shellQuote(MARK_DOWN)} ${shellQuote(server)}`;
      const { code, stdout, stderr } = await shell.run(command, { deadlineMs: DEADLINE });
      if (code !== 0) throw new Error(`${machine.name}: exit code ${code}: ${(stderr || stdout).trim()}`);
      return stdout.split(/\s+/).filter((word) => word !== "");
    },
    close: () => shell.close(),
  };
}
