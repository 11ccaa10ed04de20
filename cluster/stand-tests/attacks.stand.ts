/**
 * What an attacker inside the stand finds: open ports, ways to become the superuser, secrets outside of their place. Needs root and a stand that is
 * up and whole: `RING_STAND=... bun test ./cluster/stand-tests/attacks.stand.ts`. Takes a minute and changes nothing that stays.
 */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import { inNamespace, machineNamed, psql, runOrThrow, runProgram } from "../../stand/src/index.ts";
import { waysIn } from "../ways.fixture.ts";
import { CHECKOUT, openStand, run } from "./stand.fixture.ts";

const DEADLINE = { deadlineMs: 300_000 };
setDefaultTimeout(DEADLINE.deadlineMs);

const { inventory, primary } = await openStand();

describe("the firewalls let in what docs/security.md lists", () => {
  /** Lines `ADDRESS PORT PORT` of its input; each port that accepts a connection becomes a line of its output. */
  const SCAN = `
import socket, sys
for line in sys.stdin:
    address, *ports = line.split()
    for port in ports and ports or range(1, 65536):
        with socket.socket() as client:
            client.settimeout(3)
            if len(sys.argv) > 1:
                client.bind((sys.argv[1], 0))
            if client.connect_ex((address, int(port))) == 0:
                print(address, port)
`;
  const inNetwork = (host: number) => inventory.network.replace(/\.0\/\d+$/, `.${host}`);
  const python = (...words: string[]) => inNamespace(inventory, ["python3", "-c", SCAN, ...words]);
  const ways = waysIn();

  /** @param from the name of a machine, or "operator"; anything else has an address of the network and no role */
  function expected(from: string): string[] {
    const is = (what: string, name: string) =>
      what === "all" ||
      what === name ||
      (what === "backup_host" && name === inventory.backupHost) ||
      // By default for the stand's network.
      ["ingress_clients", "prometheus_clients"].includes(what) ||
      machineNamed(inventory, name)?.roles.some((role) => role === what) === true;
    return inventory.machines.flatMap(({ name, address }) => {
      const open = ways.filter(({ machines, sources }) => is(machines, name) && sources.some((one) => is(one, from)));
      return name === from ? [] : open.flatMap(({ ports }) => ports.map((port) => `${address} ${port}`));
    });
  }
  const sorted = (found: Iterable<string>) => [...new Set(found)].sort();
  const linesOf = (text: string) => text.split("\n").filter(Boolean);

  test("to an address that is no machine, of all ports of all machines", async () => {
    const foreign = inNetwork(250);
    const address = (action: string) =>
      runProgram(inNamespace(inventory, ["ip", "address", action, `${foreign}/32`, "dev", "ring"]), DEADLINE);
    await address("add");
    try {
      const queue = inventory.machines.map((machine) => machine.address);
      const found: string[] = [];
      const scanner = async () => {
        for (let one = queue.pop(); one; one = queue.pop())
          found.push(...linesOf(await runOrThrow(python(foreign), { ...DEADLINE, input: `${one}\n` })));
      };
      await Promise.all(Array.from({ length: availableParallelism() }, scanner));
      expect(sorted(found)).toEqual(sorted(expected("foreign")));
    } finally {
      await address("delete");
    }
  });

  test("to the operator and to each machine, of all ports on which somebody listens", async () => {
    const listening = inventory.machines.map((machine) =>
      run(machine, "ss -Hltn | sed 's/.*:\\([0-9]*\\) .*:.*/\\1/'"),
    );
    const ports = sorted([
      ...linesOf((await Promise.all(listening)).join("")),
      ...ways.flatMap(({ ports }) => ports.map(String)),
    ]);
    expect(ports.length).toBeGreaterThan(15);
    const others = (from: string) =>
      inventory.machines.map(({ name, address }) => (name === from ? "" : `${address} ${ports.join(" ")}\n`)).join("");
    const scans = inventory.machines.map(async (machine) => {
      const found = await run(machine, `python3 -c '${SCAN}'`, others(machine.name));
      expect([machine.name, ...sorted(linesOf(found))]).toEqual([machine.name, ...sorted(expected(machine.name))]);
    });
    const found = await runOrThrow(python(), { ...DEADLINE, input: others("operator") });
    expect(sorted(linesOf(found))).toEqual(sorted(expected("operator")));
    await Promise.all(scans);
  });
});

describe("what the owner of the tables leaves for others does not make it more than it is", () => {
  const owner = (statement: string) =>
    run(primary, "psql -XAtq -v ON_ERROR_STOP=1 -U weather_owner -d weather", statement);
  // The API's own deletes pass.
  const TRAPS = `
    CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      IF session_user = 'weather' THEN RETURN NULL; END IF;
      RAISE EXCEPTION 'ran as %, superuser %', current_user, (SELECT rolsuper FROM pg_roles WHERE rolname = current_user);
    END $$;
    CREATE TRIGGER trap BEFORE DELETE ON public.forecast FOR EACH STATEMENT EXECUTE FUNCTION public.trap();
    CREATE FUNCTION public.lower(varchar) RETURNS text LANGUAGE sql AS $$ SELECT 'trapped'::text $$;`;
  const AWAY =
    "DROP TRIGGER IF EXISTS trap ON public.forecast; DROP FUNCTION IF EXISTS public.trap, public.lower(varchar);";

  beforeAll(async () => {
    expect(await owner(`SET client_min_messages = warning; ${AWAY}${TRAPS}`)).toBe("");
  });
  afterAll(() => owner(AWAY));

  test("a trigger runs with the rights of experiments, which delete as no superuser", async () => {
    const deleted = await run(
      primary,
      psql("experiments", "weather"),
      "DELETE FROM public.forecast WHERE summary = 'not there'",
    );
    expect(deleted).toContain("ran as experiments, superuser f");
  });

  test("a function of a better fit is not taken for PostgreSQL's own, but by who asks for public", async () => {
    const CALL = "SELECT lower('A'::varchar)";
    expect(await owner(`SET search_path = public; ${CALL}`)).toBe("trapped\n");
    expect(await run(primary, psql("experiments", "weather"), CALL)).toBe("a\n");
    const exporter = `cd / && runuser -u prometheus -- psql -XAtq -U postgres_exporter -d weather`;
    expect(await run(primary, exporter, CALL)).toBe("a\n");
    expect(await run(primary, psql("guardian", "postgres"), "SHOW search_path")).toBe("pg_catalog\n");
  });
});

describe("secrets", () => {
  /** Passwords in full, and of each private key a line that no other has. */
  function secretsOfStand(): string {
    const folder = inventory.secretsFolder;
    const filesBelow = (name: string) =>
      readdirSync(join(folder, name), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8").trim());
    const keys = [...filesBelow("authorities"), ...filesBelow("certificates")]
      .filter((text) => text.includes("PRIVATE KEY"))
      .map((text) => text.split("\n")[2] ?? "");
    const all = [...filesBelow("passwords"), readFileSync(join(folder, "hash-seed"), "utf8").trim(), ...keys];
    expect(all.filter((text) => text.length < 16)).toEqual([]);
    return `${all.join("\n")}\n`;
  }
  /** Runs a shell script that has them, one a line, in the file "$secrets", which root alone reads. */
  const withSecrets = (script: string) =>
    `umask 077; secrets=$(mktemp -p /run); trap 'rm -f "$secrets"' EXIT; cat >"$secrets"; ${script}; true`;
  const find = (places: string, conditions: string) =>
    `find ${places} -xdev -type f -size -20M ${conditions} -not -path "$secrets" -print0 | xargs -0r grep -lFf "$secrets"`;
  const IN_ARGUMENTS = 'grep -lFf "$secrets" /proc/[0-9]*/cmdline 2>/dev/null';
  const ofAllMachines = async (script: string) => {
    const secrets = secretsOfStand();
    const all = inventory.machines.map(async (machine) =>
      (await run(machine, withSecrets(script), secrets)).replace(/^(?=.)/gm, `${machine.name}: `),
    );
    return (await Promise.all(all)).join("").split("\n").filter(Boolean);
  };

  const PLACES = [
    "/etc/etcd/root.key 600 root:root",
    "/etc/etcd/tls/*.key 600 etcd:etcd",
    "/etc/patroni/{patroni.yml,tls/*.key} 600 postgres:postgres",
    "/var/lib/postgresql/.pgpass-patroni 600 postgres:postgres",
    "/etc/pgbackrest{.conf,/*.conf} 640 root:postgres",
    "/etc/pgbackrest/tls/backup.key 600 postgres:postgres",
    "/etc/goldenring/{api.env,member.json} 600 root:root",
    "/etc/haproxy/haproxy.cfg 640 root:haproxy",
    "/etc/haproxy/tls/statistics.pem 600 root:root",
    "/etc/{node-exporter,postgres-exporter,alertmanager}/server.key 640 root:prometheus",
    "/etc/alertmanager/webhook-token 640 root:prometheus",
    "/etc/alertmanager/client-password 600 root:root",
    "/etc/prometheus/{logins/*,tls/server.key} 640 root:prometheus",
  ];

  test("are on the machines in the files of their services, which nobody else reads", async () => {
    const look = find("/ /run", "-not -path '/usr/*' -not -path '/proc/*'");
    const files = await ofAllMachines(`${look} | xargs -r stat --format '%n %a %U:%G'`);
    const places = PLACES.map((place) => new Bun.Glob(place));
    expect(files.filter((file) => !places.some((place) => place.match(file.replace(/^.*?: /, ""))))).toEqual([]);
  });

  test("are in no argument of a program and no journal of a machine", async () => {
    const journals = 'journalctl --no-pager --output=export | grep -aFf "$secrets" | cut -c 1-200';
    expect(await ofAllMachines(`${IN_ARGUMENTS}; ${journals}`)).toEqual([]);
  });

  test("are on this computer in their folder and its snapshots only, in no argument, record or log, and no other user reads anything of the stand", async () => {
    const folder = dirname(inventory.file);
    const places = [folder, join(CHECKOUT, "runs")].filter((place) => existsSync(place)).join(" ");
    const files = find(places, `-not -path '*/secrets/*' -not -name disk.img`);
    const script = ["sh", "-c", withSecrets(`${IN_ARGUMENTS}; ${files}`)];
    expect((await runProgram(script, { ...DEADLINE, input: secretsOfStand() })).stdout).toBe("");
    const readable = ["runuser", "-u", "nobody", "--", "find", folder, "-type", "f", "-readable"];
    expect((await runProgram(readable, DEADLINE)).stdout).toBe("");
  });
});
