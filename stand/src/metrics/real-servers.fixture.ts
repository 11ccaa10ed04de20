/** A real Prometheus and a real Alertmanager on loopback, with TLS and a login, as the stand has them. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { ask, type Server } from "./server.ts";

export const LOGIN = { user: "monitor", password: "correct horse" } as const;
/** bcrypt of that password, at the least cost: every test waits for it. */
const PASSWORD_HASH = "$2b$04$QSRceQCaEVED8I11Ptl1Xeih5zN07dXVNCkS7FirMu0HDyB5ISCtO";

/** Milliseconds. The computer may be busy. */
const START_DEADLINE = 30_000;
const STOP_DEADLINE = 5_000;

/** Always fires, as the dead man's switch does. */
const RULES = `
groups:
  - name: example
    interval: 200ms
    rules:
      - {record: "job:up:sum", expr: "sum by (job) (up)", labels: {kind: recorded}}
      - alert: Watchdog
        expr: vector(42)
        labels: {severity: info}
        annotations: {summary: "The value is {{ $value }}"}
      - {alert: Patient, expr: vector(1), for: 1h}
`;

export interface RealServers {
  readonly prometheus: Server;
  readonly alertmanager: Server;
  /** Ends both and removes their files. */
  stop(): Promise<void>;
}

export async function startRealServers(): Promise<RealServers> {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-prometheus-"));
  const running: Program[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(running.map((program) => program.stop()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    const ca = makeCertificates(folder);
    const [own, alerts] = [await freePort(), await freePort()];
    writeSettings(folder, own, alerts);
    const web = `--web.config.file=${join(folder, "web.yml")}`;
    const start = async (program: string, port: number, args: readonly string[]): Promise<Server> => {
      const started = new Program(folder, program, [...args, `--web.listen-address=127.0.0.1:${port}`, web]);
      running.push(started);
      const server = { url: `https://127.0.0.1:${port}`, ca, ...LOGIN };
      await untilReady(server, started);
      return server;
    };
    const alertmanager = await start("prometheus-alertmanager", alerts, [
      `--config.file=${join(folder, "alertmanager.yml")}`,
      `--storage.path=${join(folder, "alertmanager-data")}`,
      "--cluster.listen-address=",
    ]);
    const prometheus = await start("prometheus", own, [
      `--config.file=${join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      // What fires before it has found the Alertmanager would be told a minute later.
      "--rules.alert.resend-delay=1s",
    ]);
    return { prometheus, alertmanager, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Made by another authority, which nobody should trust. */
export function foreignAuthority(): string {
  const folder = mkdtempSync(join(tmpdir(), "goldenring-foreign-"));
  try {
    return makeCertificates(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function makeCertificates(folder: string): string {
  const script = `set -e; cd "$1"
    key="-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
    openssl req -x509 $key -subj /CN=ca -keyout ca.key -out ca.crt -days 1
    openssl req $key -subj /CN=server -keyout server.key -out server.csr
    echo subjectAltName=IP:127.0.0.1 >names
    openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile names -out server.crt -days 1`;
  execFileSync("sh", ["-c", script, "sh", folder], { stdio: "ignore" });
  return readFileSync(join(folder, "ca.crt"), "utf8");
}

function writeSettings(folder: string, own: number, alerts: number): void {
  const client = `
    scheme: https
    tls_config: {ca_file: ${join(folder, "ca.crt")}}
    basic_auth: {username: ${LOGIN.user}, password: ${LOGIN.password}}`;
  writeFileSync(
    join(folder, "web.yml"),
    `tls_server_config: {cert_file: ${join(folder, "server.crt")}, key_file: ${join(folder, "server.key")}}
basic_auth_users: {${LOGIN.user}: "${PASSWORD_HASH}"}
`,
  );
  writeFileSync(join(folder, "rules.yml"), RULES);
  writeFileSync(
    join(folder, "prometheus.yml"),
    `global: {scrape_interval: 200ms, scrape_timeout: 200ms}
rule_files: [${join(folder, "rules.yml")}]
alerting:
  alertmanagers:
  - static_configs: [{targets: ["127.0.0.1:${alerts}"]}]${client}
scrape_configs:
  - job_name: itself
    static_configs: [{targets: ["127.0.0.1:${own}"], labels: {machine: here}}]${client}
  - job_name: nobody
    static_configs: [{targets: ["127.0.0.1:1"]}]
`,
  );
  writeFileSync(join(folder, "alertmanager.yml"), "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n");
}

class Program {
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(folder: string, program: string, args: readonly string[]) {
    this.#log = join(folder, `${program}.log`);
    this.#child = spawn(program, args, { stdio: ["ignore", "ignore", openSync(this.#log, "w")] });
    this.#child.on("error", () => {});
  }

  /** @throws with what it said, when it has ended */
  assertRuns(): void {
    if (this.#child.exitCode !== null) throw new Error(`it has ended: ${readFileSync(this.#log, "utf8")}`);
  }

  async stop(): Promise<void> {
    if (this.#child.pid === undefined || this.#child.exitCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once("close", resolve));
    this.#child.kill("SIGTERM");
    const timer = setTimeout(() => this.#child.kill("SIGKILL"), STOP_DEADLINE);
    await ended;
    clearTimeout(timer);
  }
}

async function untilReady(server: Server, program: Program): Promise<void> {
  const deadline = performance.now() + START_DEADLINE;
  for (;;) {
    program.assertRuns();
    const status = await ask(server, "/-/ready").then(
      (answer) => answer.status,
      (error: Error) => error.message,
    );
    if (status === 200) return;
    if (performance.now() > deadline) throw new Error(`${server.url} is not ready: ${status}`);
    await delay(100);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
