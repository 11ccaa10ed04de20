import { type Machine, psql, Shell, shellQuote } from "@goldenring/stand";

const DEADLINE_MS = 1_500;
const KEEP_WARM_MS = 2_000;

/** Python is there because Ansible needs it; a client for UNIX sockets may be missing. */
const MARK_DOWN = `
import socket, sys
def ask(command):
    with socket.socket(socket.AF_UNIX) as admin:
        admin.settimeout(1)
        admin.connect("/run/haproxy/admin.sock")
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

/** HAProxy on one machine, by its admin socket. */
export function openLoadBalancer(machine: Machine) {
  const { run, close } = openCommands(machine);
  return {
    close,
    /**
     * Marks a server down in all its listeners, which ends its sessions (`on-marked-down shutdown-sessions`), until HAProxy's checks find it up again.
     * @returns the listeners
     */
    async markDown(server: string): Promise<readonly string[]> {
      const listeners = await run(`python3 -I -c ${shellQuote(MARK_DOWN)} ${shellQuote(server)}`);
      return listeners.split(/\s+/).filter((word) => word !== "");
    },
  };
}
export type LoadBalancer = ReturnType<typeof openLoadBalancer>;

/** psql quotes the variable itself. Patroni gives every replica its host's name as application_name. */
const END_REPLICATION =
  "select count(pg_terminate_backend(pid)) from pg_stat_replication where application_name = :'replica';";

/** PostgreSQL on one machine, by psql there. */
export function openPostgres(machine: Machine) {
  const { run, close } = openCommands(machine);
  return {
    close,
    /** Ends the connections over which a replica gets its changes. @returns how many there were */
    async endReplication(replica: string): Promise<number> {
      const command = `${psql("guardian", "postgres")} -v replica=${shellQuote(replica)}`;
      return Number.parseInt(await run(command, END_REPLICATION), 10);
    },
    /**
     * Refuses connections from these IPv4 addresses to PostgreSQL for some seconds, and from no others: the kernel ends it, whatever becomes of the
     * guardian.
     */
    async refuse(addresses: readonly string[]): Promise<void> {
      await run("nft -f -", refusal(addresses));
    },
  };
}
export type Postgres = ReturnType<typeof openPostgres>;

const REFUSAL_S = 12;

const refusal = (addresses: readonly string[]): string =>
  [
    "table inet guardian",
    "delete table inet guardian",
    ...(addresses.length === 0
      ? []
      : [
          "table inet guardian {",
          "  set refused { type ipv4_addr; flags timeout; }",
          "  chain input { type filter hook input priority -10; ip saddr @refused tcp dport 5432 reject with tcp reset; }",
          "}",
          ...addresses.map((address) => `add element inet guardian refused { ${address} timeout ${REFUSAL_S}s }`),
        ]),
    "",
  ].join("\n");

/** Commands over one connection that is kept open: none of them waits for a login. */
function openCommands(machine: Machine) {
  const shell = new Shell(machine, { keepWarmMs: KEEP_WARM_MS });
  return {
    close: () => shell.close(),
    async run(command: string, input?: string): Promise<string> {
      const options = { deadlineMs: DEADLINE_MS, ...(input === undefined ? {} : { input }) };
      const { code, stdout, stderr } = await shell.run(command, options);
      if (code === 0) return stdout;
      throw new Error(`${machine.name}: exit code ${code}: ${(stderr || stdout).trim()}`);
    },
  };
}
