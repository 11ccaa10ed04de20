/**
 * What each identity of a stand may not do, tried on the machines as an attacker who has become it. Needs root and a stand that is up
 * and whole: `RING_STAND=... bun test ./cluster/stand-tests/identities.stand.ts`. Takes a minute, and as long
 * as the stand needs to be well, and changes nothing.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import {
  etcdTls,
  inNamespace,
  loginOf,
  type Machine,
  type Role,
  runOn,
  runProgram,
  shellQuote,
} from "../../stand/src/index.ts";
import { openStand } from "./stand.fixture.ts";

const COMMAND_MS = 30_000;
setDefaultTimeout(120_000);

const { inventory, primary, operator, first } = await openStand();
const [etcd, api, prometheus] = [first("etcd"), first("api"), first("prometheus")];

interface Tried {
  readonly succeeded: boolean;
  /** What the command printed, errors included. */
  readonly text: string;
}

async function attempt(machine: Machine, command: string, input = ""): Promise<Tried> {
  const { code, stdout, stderr } = await runOn(machine, command, { deadlineMs: COMMAND_MS, input });
  return { succeeded: code === 0, text: stdout + stderr };
}

const as = (user: string, command: string): string => `cd / && runuser -u ${user} -- sh -c ${shellQuote(command)}`;

/** One request as a client of etcd's JSON interface, with curl. */
const curl = (machine: Machine, certificate: string, path: string, body: object, headers: readonly string[] = []) =>
  [
    `curl -sS --max-time 5 --cacert ${CA} --cert ${certificate}.crt --key ${certificate}.key`,
    ...headers.map((header) => `-H ${shellQuote(header)}`),
    `-d ${shellQuote(JSON.stringify(body))} https://${machine.address}:2379${path}`,
  ].join(" ");
/** On the machines of PostgreSQL and etcd. */
const CA = "$(ls /etc/etcd/tls/servers-ca.crt /etc/patroni/tls/ca.crt 2>/dev/null | head -1)";
const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("the user of the exporters", () => {
  test("reads no key but its own", async () => {
    const all = inventory.machines.map(async (machine) => {
      const find = "find / -xdev \\( -name '*.key' -o -name '*.pem' \\) -readable -not -path '/usr/*' 2>/dev/null";
      const { text } = await attempt(
        machine,
        as("prometheus", `${find} | xargs -r grep -l 'PRIVATE KEY' 2>/dev/null; true`),
      );
      return text.trim().split("\n").filter(Boolean);
    });
    const folders = /^\/etc\/(node-exporter|postgres-exporter|prometheus\/tls|alertmanager)\/server\.key$/;
    expect((await Promise.all(all)).flat().filter((file) => !folders.test(file))).toEqual([]);
  });

  test("is nobody to etcd, neither with its certificate nor with a certificate and no password", async () => {
    const key = { key: base64("/service/"), range_end: base64("/service0") };
    const own = await attempt(etcd, as("prometheus", curl(etcd, "/etc/node-exporter/server", "/v3/kv/range", key)));
    expect(own.succeeded).toBe(false);
    expect(own.text).not.toContain("kvs");
  });

  test("takes no backup: pgBackRest does not know its key", async () => {
    const shake = (key: string) =>
      `sleep 2 | timeout 5 openssl s_client -quiet -connect ${primary.address}:8432 -cert ${key}.crt -key ${key}.key 2>&1`;
    const own = await attempt(prometheus, as("prometheus", shake("/etc/node-exporter/server")));
    expect(own.text).toContain("alert");
    const backups = await attempt(prometheus, as("postgres", `pgbackrest --stanza=${inventory.standName} check`));
    expect(backups).toMatchObject({ succeeded: true });
  });
});

describe("etcd", () => {
  const CONFIG = () => ({ key: base64(`/service/${inventory.standName}/config`) });

  test("has root, Patroni and the guardian as users, and asks everybody for a login", async () => {
    const { text } = await attempt(etcd, "ring-etcdctl user list; ring-etcdctl auth status");
    expect(text).toStartWith("guardian\npatroni\nroot\nAuthentication Status: true");
  });

  test.each([["/etc/patroni/tls/etcd"]])(
    "gives no key to who has the certificate %s and no password",
    async (certificate) => {
      const ask = (headers: readonly string[]) =>
        attempt(primary, as("postgres", curl(etcd, certificate, "/v3/kv/range", CONFIG(), headers)));
      expect((await ask([])).text).toContain("user name is empty");
      // etcd takes its own JSON interface for the client then.
      expect((await ask(["Accept:"])).text).toContain("permission denied");
      const put = curl(etcd, certificate, "/v3/kv/put", { ...CONFIG(), value: base64("{}") }, ["Accept:"]);
      expect((await attempt(primary, as("postgres", put))).text).toContain("permission denied");
    },
  );

  test("lets its own interface's certificate act as no user, in gRPC either", async () => {
    const client = `etcdctl --endpoints=https://${etcd.address}:2379 --cacert=/etc/etcd/tls/servers-ca.crt`;
    const gateway = `${client} --cert=/etc/etcd/tls/gateway.crt --key=/etc/etcd/tls/gateway.key`;
    const { succeeded, text } = await attempt(etcd, as("etcd", `${gateway} get --prefix /service/`));
    expect(succeeded).toBe(false);
    expect(text).toMatch(/permission denied|user name is empty/);
  });

  test("accepts no peer with a certificate of a client, or of another service", async () => {
    const keys = ["/etc/etcd/tls/peer", "/etc/etcd/tls/gateway", "/etc/etcd/tls/server", "/etc/node-exporter/server"];
    for (const [index, key] of keys.entries()) {
      const client = "curl -sS --http1.1 --max-time 5 --cacert /etc/etcd/tls/peers-ca.crt";
      const url = `https://${etcd.address}:2380/members`;
      const { succeeded, text } = await attempt(etcd, `${client} --cert ${key}.crt --key ${key}.key ${url}`);
      expect([key, succeeded, text.includes("peerURLs")]).toEqual([key, index === 0, index === 0]);
    }
  });

  test("lets Patroni write under its own prefix only", async () => {
    const login = "patroni:$(sed -n '/^etcd3:/,/^$/s/^  password: //p' /etc/patroni/patroni.yml)";
    const tls = "--cacert=/etc/patroni/tls/ca.crt --cert=/etc/patroni/tls/etcd.crt --key=/etc/patroni/tls/etcd.key";
    const client = `ETCDCTL_USER=${login} etcdctl --endpoints=https://${etcd.address}:2379 ${tls}`;
    const run = (words: string) => attempt(primary, as("postgres", `${client} ${words}`));
    expect((await run(`get --keys-only /service/${inventory.standName}/leader`)).text).toContain("/leader");
    expect((await run("put /service/another/config {}")).text).toContain("permission denied");
    expect((await run("get --prefix /")).text).toContain("permission denied");
    expect((await run("user list")).text).toContain("permission denied");
    expect((await run("snapshot save /dev/null")).succeeded).toBe(false);
  });

  test("lets the guardian free the leader key, and not change the configuration, who is synchronous, or a member", async () => {
    const { user, password } = await loginOf(inventory, "etcd_guardian");
    await etcdTls(inventory);
    const folder = inventory.secretsFolder;
    const ask = async (path: string, body: object, token = "") => {
      const argv = [
        ...["curl", "-sS", "--max-time", "5", "--cacert", join(folder, "authorities/servers/ca.crt")],
        ...["--cert", join(folder, "certificates/operator/etcd.crt")],
        ...["--key", join(folder, "certificates/operator/etcd.key"), "-H", `Authorization: ${token}`],
        ...["-d", JSON.stringify(body), `https://${etcd.address}:2379${path}`],
      ];
      return (await runProgram(inNamespace(inventory, argv), { deadlineMs: COMMAND_MS })).stdout;
    };
    const { token } = JSON.parse(await ask("/v3/auth/authenticate", { name: user, password }));
    const key = (name: string) => ({ key: base64(`/service/${inventory.standName}/${name}`) });
    expect(await ask("/v3/kv/range", key("leader"), token)).toContain("kvs");
    expect(await ask("/v3/kv/range", key("config"), token)).toContain("kvs");
    for (const name of ["config", "sync", "members/x"])
      expect(await ask("/v3/kv/put", { ...key(name), value: base64("{}") }, token)).toContain("permission denied");
  });
});

describe("the API's role in PostgreSQL", () => {
  /** As root on a machine of the API, which has the role's password. */
  const sql = (statement: string) =>
    attempt(
      api,
      `psql -XAtq -v ON_ERROR_STOP=1 "$(sed -n 's/^DATABASE_URL=//p' /etc/goldenring/api.env | sed 's/@[^/]*/@haproxy:5000/')"`,
      `BEGIN; ${statement}; ROLLBACK;`,
    );

  test("reads and writes rows over TLS with channel binding", async () => {
    const { text } = await sql("SELECT count(*) > 0 FROM public.cities; SELECT current_user");
    expect(text).toBe("t\nweather\n");
  });

  test.each([
    ["CREATE TABLE public.mine (id int)"],
    ["CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'"],
    ["CREATE TRIGGER t BEFORE DELETE ON public.forecast FOR EACH ROW EXECUTE FUNCTION public.weather_stamp_version()"],
    ["ALTER TABLE public.forecast DISABLE TRIGGER ALL"],
    [
      "CREATE OR REPLACE FUNCTION public.weather_advance_epoch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    ],
    ["DROP TABLE public.forecast"],
    ["TRUNCATE public.forecast"],
    ["UPDATE public.weather_migrations SET version = 0"],
    ["UPDATE public.weather_epoch SET epoch = 0"],
    ["SET ROLE weather_owner"],
    ["CREATE TEMPORARY TABLE pg_class_like (id int)"],
    ["COPY (SELECT 1) TO PROGRAM 'id'"],
  ])("may not: %s", async (statement) => {
    const { succeeded, text } = await sql(statement);
    expect(succeeded).toBe(false);
    expect(text).toMatch(/must be owner|permission denied/);
  });
});

describe("nobody runs SQL as the superuser where others own objects", () => {
  test("the superuser does not reach the API's database, on any member", async () => {
    for (const machine of inventory.byRole("postgres")) {
      const { text } = await attempt(machine, as("postgres", "psql -XAt -d weather -c 'SELECT 1'"));
      expect(text).toContain("no pg_hba.conf entry");
    }
  });

  test("experiments read and delete values, as a role that can do nothing else", async () => {
    const run = (statement: string) =>
      attempt(primary, "psql -XAtq -v ON_ERROR_STOP=1 -U experiments -d weather", statement);
    const { text } = await run(
      "SELECT rolsuper, rolcreaterole, rolbypassrls FROM pg_roles WHERE rolname = current_user; SHOW search_path; DELETE FROM public.forecast WHERE summary = 'not there'",
    );
    expect(text).toBe("f|f|f\npg_catalog\n");
    expect((await run("UPDATE public.forecast SET summary = ''")).text).toContain("permission denied");
    expect((await run("DELETE FROM public.cities")).text).toContain("permission denied");
  });

  test("what their deletes set off runs with their rights, or with those of the owner", async () => {
    const { text } = await attempt(
      primary,
      "psql -XAtq -U weather_owner -d weather",
      "SELECT DISTINCT pg_get_userbyid(p.proowner) FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid WHERE p.prosecdef",
    );
    expect(text).toBe("weather_owner\n");
  });

  test("only root on the machine is the owner, experiments or the guardian", async () => {
    for (const user of ["postgres", "prometheus", "nobody"]) {
      for (const [role, database] of [
        ["weather_owner", "weather"],
        ["experiments", "weather"],
        ["guardian", "postgres"],
      ]) {
        const { text } = await attempt(primary, as(user, `psql -XAt -U ${role} -d ${database} -c 'SELECT 1'`));
        expect(text).toContain("Peer authentication failed");
      }
    }
  });
});

describe("certificates", () => {
  const shown = async (machine: Machine, port: number, more = "") => {
    const command = `echo | timeout 5 openssl s_client -connect ${machine.address}:${port} ${more} 2>/dev/null | openssl x509 -noout -ext subjectAltName,extendedKeyUsage`;
    return (await attempt(machine, command)).text;
  };

  test("name one machine and one purpose", async () => {
    for (const machine of inventory.machines) {
      const text = await shown(machine, 9100);
      expect(text).toContain(`DNS:${machine.name}, IP Address:${machine.address}\n`);
      expect(text).toContain("TLS Web Server Authentication");
      expect(text).not.toMatch(/localhost|127\.0\.0\.1|Client Authentication/);
    }
  });

  test("of PostgreSQL name its machine and HAProxy, through which it is reached", async () => {
    const text = await shown(primary, 5432, "-starttls postgres");
    expect(text).toContain(`DNS:${primary.name}, IP Address:${primary.address}, DNS:haproxy`);
    expect(text).not.toMatch(/localhost|127\.0\.0\.1|Client Authentication/);
  });

  test("each key is on the machine of its service only, and of another authority than those of other purposes", async () => {
    const exporters = await attempt(primary, "openssl x509 -noout -issuer -in /etc/node-exporter/server.crt");
    const servers = await attempt(primary, "openssl x509 -noout -issuer -in /etc/patroni/tls/server.crt");
    const clients = await attempt(primary, "openssl x509 -noout -issuer -in /etc/patroni/tls/etcd.crt");
    const backups = await attempt(primary, "openssl x509 -noout -issuer -in /etc/pgbackrest/tls/backup.crt");
    const peers = await attempt(etcd, "openssl x509 -noout -issuer -in /etc/etcd/tls/peer.crt");
    expect(new Set([exporters, servers, clients, backups, peers].map(({ text }) => text)).size).toBe(5);
  });
});

describe("what carries a secret is under TLS 1.3", () => {
  const PORTS: readonly (readonly [Role, number])[] = [
    ["etcd", 2379],
    ["etcd", 2380],
    ["postgres", 8008],
    ["postgres", 8432],
    ["postgres", 9187],
    ["postgres", 9100],
    ["haproxy", 7000],
    ["ingress", 7000],
    ["prometheus", 9090],
    ["prometheus", 9093],
    ["prometheus", 8432],
  ];
  const shake = (address: string, port: number, version: string) =>
    `echo | timeout 5 openssl s_client -connect ${address}:${port} -${version} 2>&1 | grep -c 'BEGIN CERTIFICATE'; true`;

  test.each(PORTS)("%s, port %d", async (role, port) => {
    const machine = first(role);
    const seen = async (version: string) => (await attempt(machine, shake(machine.address, port, version))).text.trim();
    expect([await seen("tls1_3"), await seen("tls1_2")]).toEqual(["1", "0"]);
    const plain = await attempt(machine, `curl -s --max-time 3 http://${machine.address}:${port}/`);
    expect(plain.text).not.toMatch(/stats|401/i);
  });

  test("the receiver of alerts", async () => {
    const seen = async (version: string) => (await attempt(prometheus, shake(operator, 9094, version))).text.trim();
    expect([await seen("tls1_3"), await seen("tls1_2")]).toEqual(["1", "0"]);
  });
});
