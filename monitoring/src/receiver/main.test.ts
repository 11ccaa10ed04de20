import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { hasProgram } from "../../../skips.fixture.ts";
import { alertLogIn, readAlertLog, receivedAlerts } from "./alert-log.ts";
import { alertOf } from "./notifications.fixture.ts";
import { receiverProgram, receiverReport } from "./receiver.ts";
import { makeReceiverCertificate } from "./secrets.fixture.ts";

setDefaultTimeout(60_000);

const ALERTMANAGER = "prometheus-alertmanager";

let folder: string;
let receiver: ChildProcess;
let url: URL;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "goldenring-receiver-"));
  const secretsFolder = join(folder, "secrets");
  mkdirSync(secretsFolder);
  makeReceiverCertificate(secretsFolder);
  const logins = { alert_receiver: { user: "alertmanager", password: "a secret" } };
  writeFileSync(join(secretsFolder, "logins.json"), JSON.stringify(logins));
  url = new URL(`https://127.0.0.1:${await freePort()}/alerts`);
  receiver = startProgram(secretsFolder);
  await until(() => receiverReport.read(folder) !== undefined);
});
afterAll(async () => {
  await end(receiver);
  rmSync(folder, { recursive: true });
});

function startProgram(secretsFolder: string): ChildProcess {
  const words = [...receiverProgram(url.href, secretsFolder), "--folder", folder];
  return spawn(process.execPath, words, { stdio: ["ignore", "ignore", "pipe"] });
}

async function end(child: ChildProcess | undefined): Promise<number | null> {
  if (child === undefined || child.exitCode !== null) return child?.exitCode ?? null;
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  child.kill("SIGTERM");
  return ended;
}

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 300; !(await condition()); tries -= 1) {
    if (tries === 0) throw new Error("the condition did not hold within 30 s");
    await delay(100);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer();
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

describe("the receiver as a program", () => {
  test("reports where it accepts notifications, and that it is alive", async () => {
    const first = receiverReport.read(folder);
    expect(first).toMatchObject({ pid: receiver.pid, url: url.href });
    await until(() => receiverReport.read(folder)?.aliveAt !== first?.aliveAt);
  });

  test("reports when the heartbeat arrived", async () => {
    expect(receiverReport.read(folder)?.heartbeatAt).toBeUndefined();
    const message = { version: "4", receiver: "webhook", groupKey: "{}", alerts: [alertOf("Watchdog")] };
    const headers = { authorization: "Bearer a secret" };
    const tls = { ca: readFileSync(join(folder, "secrets/authorities/monitoring/ca.crt"), "utf8") };
    const before = Date.now();
    const { status } = await fetch(url, { method: "POST", headers, body: JSON.stringify(message), tls });
    expect(status).toBe(200);
    await until(() => receiverReport.read(folder)?.heartbeatAt !== undefined);
    expect(Date.parse(receiverReport.read(folder)?.heartbeatAt ?? "")).toBeGreaterThanOrEqual(before);
  });

  test("takes the token from the file of logins: it is not in its command line", async () => {
    const command = execFileSync("ps", ["-o", "args=", "-p", String(receiver.pid)], { encoding: "utf8" });
    expect(command).toContain("receiver/main.ts");
    expect(command).not.toContain("a secret");
  });

  test("prints why it cannot listen, with exit code 1", async () => {
    const second = startProgram(join(folder, "secrets"));
    let printed = "";
    second.stderr?.on("data", (text) => {
      printed += text;
    });
    expect(await new Promise((resolve) => second.once("close", resolve))).toBe(1);
    expect(printed).toMatch(/in use|EADDRINUSE/);
  });

  test.skipIf(!hasProgram(ALERTMANAGER))(
    "stores what a real Alertmanager sends: that an alert fires, and that it is resolved",
    async () => {
      const port = await freePort();
      const settings = join(folder, "alertmanager.yml");
      writeFileSync(
        settings,
        `route: {receiver: webhook, group_wait: 100ms, group_interval: 1s, repeat_interval: 1m}
receivers:
- name: webhook
  webhook_configs:
  - url: ${url.href}
    send_resolved: true
    http_config:
      authorization: {credentials: a secret}
      tls_config: {ca_file: ${join(folder, "secrets/authorities/monitoring/ca.crt")}, min_version: TLS13}
`,
      );
      const alertmanager = spawn(
        ALERTMANAGER,
        [
          `--config.file=${settings}`,
          `--storage.path=${join(folder, "alertmanager")}`,
          `--web.listen-address=127.0.0.1:${port}`,
          "--cluster.listen-address=",
        ],
        { stdio: "ignore" },
      );
      const api = `http://127.0.0.1:${port}`;
      const sendAlert = async (change: object): Promise<void> => {
        const alert = {
          labels: { alertname: "Down", machine: "pg-01" },
          annotations: { summary: "It is down" },
          ...change,
        };
        const headers = { "content-type": "application/json" };
        const { status } = await fetch(`${api}/api/v2/alerts`, {
          method: "POST",
          headers,
          body: JSON.stringify([alert]),
        });
        expect(status).toBe(200);
      };
      const received = () => receivedAlerts(readAlertLog(alertLogIn(folder)));
      try {
        await until(() =>
          fetch(`${api}/-/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
        );
        const startsAt = new Date(Date.now() - 1_000).toISOString();
        await sendAlert({ startsAt });
        await until(() => received().length === 1);
        await sendAlert({ startsAt, endsAt: new Date().toISOString() });
        await until(() => received().length === 2);
      } finally {
        await end(alertmanager);
      }
      const [firing, resolved] = received();
      expect(firing).toMatchObject({
        name: "Down",
        status: "firing",
        labels: { machine: "pg-01" },
        annotations: { summary: "It is down" },
      });
      expect(resolved?.status).toBe("resolved");
      expect(firing?.delayMs).toBe(Date.parse(firing?.arrivedAt ?? "") - Date.parse(firing?.startsAt ?? ""));
      expect(firing?.delayMs).toBeGreaterThan(1_000);
    },
  );

  test("ends cleanly at SIGTERM", async () => {
    expect(await end(receiver)).toBe(0);
  });
});
