/**
 * What one machine cannot take from the others, and what only machines of the stand see. Needs root and a stand that is up and whole:
 * `RING_STAND=... bun test ./cluster/stand-tests/edge.stand.ts`. Takes a minute and changes nothing.
 */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { type Machine, waitFor } from "../../stand/src/index.ts";
import { openStand, readStatus, run } from "./stand.fixture.ts";

setDefaultTimeout(120_000);

const { inventory, primary, operator, first } = await openStand();
// They are clients of the ingress like any other machine of the network.
const [other, attacker] = inventory.byRole("etcd") as [Machine, Machine];
const api = inventory.byRole("api");
const [ingress, haproxy, prometheus] = [first("ingress"), first("haproxy"), first("prometheus")];

const statusOf = (machine: Machine, url: string) =>
  run(machine, `curl -s -o /dev/null -w '%{http_code}' --max-time 5 --path-as-is '${url}'; true`);

/** Sends its input at once, and prints what comes back until the connection ends. */
const EXCHANGE = `
import socket, sys
with socket.create_connection((sys.argv[1], 80), timeout=10) as ingress:
    ingress.sendall(sys.stdin.buffer.read())
    for part in iter(lambda: ingress.recv(65536), b""):
        sys.stdout.buffer.write(part)
`;

/** 150 new connections, one after the other. */
const CLIENT = `
import http.client, sys, time
times, failed = [], 0
for _ in range(150):
    started = time.time()
    try:
        client = http.client.HTTPConnection(sys.argv[1], 80, timeout=5)
        client.request("GET", "/Cities")
        answer = client.getresponse()
        answer.read()
        client.close()
        failed += answer.status != 200
    except OSError:
        failed += 1
    times.append(1000 * (time.time() - started))
    time.sleep(0.02)
print(failed, sorted(times)[142])
`;
/** 5,000 connections that send most of a request and then a byte every two seconds, for 20 s; each that ends is replaced a second later. */
const SLOW_CLIENTS = `
import asyncio, resource, sys, time
resource.setrlimit(resource.RLIMIT_NOFILE, (20000, 20000))
end = time.time() + 20
START = b"POST /Cities HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: application/json\\r\\nContent-Length: 60000\\r\\n\\r\\n" + b" " * 40000
async def ask(reader, writer):
    writer.write(START)
    while time.time() < end:
        try:
            await asyncio.wait_for(reader.read(1), 2)
            return
        except asyncio.TimeoutError:
            writer.write(b" ")
async def slow():
    while time.time() < end:
        try:
            reader, writer = await asyncio.open_connection(sys.argv[1], 80)
            try:
                await ask(reader, writer)
            finally:
                writer.transport.abort()
        except OSError:
            pass
        await asyncio.sleep(1)
async def main():
    await asyncio.gather(*[slow() for _ in range(5000)])
asyncio.run(main())
`;

async function askedBy(machine: Machine): Promise<{ failed: number; p95Ms: number }> {
  const [failed, p95Ms] = (await run(machine, `python3 - ${ingress.address}`, CLIENT)).trim().split(" ").map(Number);
  return { failed: failed ?? Number.NaN, p95Ms: p95Ms ?? Number.NaN };
}

describe("the ingress", () => {
  test.each([
    "/metrics",
    "/METRICS/",
    "/healthz/ready",
    "/healthz/live",
    "/x/../metrics",
    "/%2e%2E/metrics",
    "/./healthz/ready",
    "/\\..\\metrics",
  ])("does not pass on %s", async (path) => {
    for (const machine of [other, prometheus]) {
      expect(await statusOf(machine, `http://${ingress.address}${path}`)).toBe("404");
    }
  });

  test("passes on what users ask for, and replicas show their metrics to Prometheus and to no other machine", async () => {
    for (const path of ["/", "/Cities", "/cities/1", "/swagger/v1/swagger-3.0.json"])
      expect(await statusOf(other, `http://${ingress.address}${path}`)).toBe("200");
    for (const path of ["/metrics", "/healthz/ready"]) {
      expect(await statusOf(prometheus, `http://${api[0]?.address}:8080${path}`)).toBe("200");
      expect(await statusOf(other, `http://${api[0]?.address}:8080${path}`)).toBe("000");
    }
  });

  test("shields replicas from requests in a pipeline and from an empty line after a body", async () => {
    const write =
      "POST /Cities HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}\r\n";
    const read = "GET /Cities/1 HTTP/1.1\r\nHost: x\r\n\r\n";
    const pipeline = `${write}${read}${write}\r\n${read}${read.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")}`;
    const answers = await run(other, `python3 -c '${EXCHANGE}' ${ingress.address}`, pipeline);
    const statuses = [...answers.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => status);
    expect(statuses).toEqual(["400", "200", "400", "200", "200"]);
  });

  test("serves others as quickly while one address has 5,000 slow requests", async () => {
    const alone = await askedBy(other);
    expect(alone.failed).toBe(0);
    const attack = run(attacker, `python3 - ${ingress.address}`, SLOW_CLIENTS);
    await Bun.sleep(5_000);
    const meanwhile = await askedBy(other);
    await attack;
    console.log({ alone, meanwhile });
    expect(meanwhile.failed).toBe(0);
    expect(meanwhile.p95Ms).toBeLessThan(Math.max(100, 5 * alone.p95Ms));
  });
});

describe("PostgreSQL", () => {
  /** 600 connections that send nothing. Bash, because the machine has 128 MiB. Prints how many were accepted, and holds them. */
  const silent = (address: string, port: number) =>
    `bash -c 'n=0; for i in $(seq 600); do { exec {fd}<>/dev/tcp/${address}/${port}; } 2>/dev/null && n=$((n + 1)); done; echo $n; sleep 6'`;
  /** As the API connects. */
  const login = (host: string) =>
    `psql -XAtq "$(sed -n 's/^DATABASE_URL=//p' /etc/goldenring/api.env | sed 's/@[^/]*/@${host}/')" -c 'SELECT 1'`;

  test("lets in others and its own superuser while a machine of the API has 600 silent connections, also through HAProxy", async () => {
    const [one, two] = api as [Machine, Machine];
    const attacks = [run(one, silent(primary.address, 5432)), run(one, silent(haproxy.address, 5000))];
    await Bun.sleep(4_000);
    expect(await run(primary, "cd / && runuser -u postgres -- psql -XAtc 'SELECT 1'")).toBe("1\n");
    expect(await run(two, login(`${primary.name}:5432`))).toBe("1\n");
    expect(await run(two, login("haproxy:5000"))).toBe("1\n");
    const [accepted] = await Promise.all(attacks);
    expect(Number(accepted)).toBeLessThanOrEqual(40);
    const count =
      "systemctl start count-refused-connections && cat /var/lib/prometheus/node-exporter/refused-connections.prom";
    expect(Number((await run(primary, count)).split(" ")[1])).toBeGreaterThanOrEqual(560);
  });

  test("ends connections that do not log in after 10 s", async () => {
    const show = "cd / && runuser -u postgres -- psql -XAtc 'SHOW authentication_timeout'";
    expect(await run(primary, show)).toBe("10s\n");
  });
});

describe("the receiver of alerts", () => {
  test("accepts connections of Prometheus' machine and of no other", async () => {
    const connect = `timeout 3 bash -c '</dev/tcp/${operator}/9094' && echo accepted; true`;
    expect(await run(prometheus, connect)).toBe("accepted\n");
    for (const machine of [other, primary, ingress, ...api])
      expect(await run(machine, connect)).not.toContain("accepted");
  });

  test("has had a heartbeat in the last two minutes, and ring status shows it", async () => {
    // A receiver that has just started waits for its first one.
    const heartbeatAt = await waitFor(
      async () => {
        const { heartbeatAt } = (await readStatus()).monitoring.alertReceiver;
        return heartbeatAt === undefined ? { missing: "a heartbeat" } : { value: Date.parse(heartbeatAt) };
      },
      { deadlineMs: 100_000, everyMs: 5_000 },
    );
    expect(Date.now() - heartbeatAt).toBeLessThan(120_000);
  });
});
