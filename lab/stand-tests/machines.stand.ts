import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { spawn } from "node:child_process";
import { connect } from "node:net";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { LockHeld, runOrThrow, runProgram, waitUntil, withLock } from "@goldenring/stand";
import { foldersOf } from "../src/folders.ts";
import { leftovers } from "./footprint.ts";
import { FOLDER, lab, lossIn, NAMESPACE, type Name, on, outputOf, ping, STAND, UP } from "./stand-of-tests.ts";

const MINUTE = 60_000;

beforeAll(async () => {
  await lab.destroy();
  await lab.up(UP);
}, 15 * MINUTE);

afterAll(async () => {
  await lab.destroy();
}, MINUTE);

const bootId = () => outputOf("pg-01", "cat /proc/sys/kernel/random/boot_id; systemctl show -P UserspaceTimestamp");
const memoryTotal = async () =>
  Number((await outputOf("api-01", "grep MemTotal /proc/meminfo")).split(/\s+/)[1]) / 1_024;

/** Cores that two busy loops get. */
async function coresUsed(seconds: number): Promise<number> {
  const burn = `timeout ${seconds} sh -c 'while :; do :; done'`;
  const text = await outputOf(
    "api-01",
    `bash -c 'TIMEFORMAT="%U %S"; time (${burn.replaceAll("'", '"')} & ${burn.replaceAll("'", '"')}; wait)' 2>&1`,
  );
  const [user = Number.NaN, system = Number.NaN] = text.split(" ").map(Number);
  return (user + system) / seconds;
}

async function boot(name: Name): Promise<void> {
  await lab.powerOn(name);
  await lab.waitUntilReachable([name]);
}

async function bestOf(tries: number, measure: () => Promise<number>): Promise<number> {
  let best = 0;
  for (let left = tries; left > 0; left -= 1) best = Math.max(best, await measure());
  return best;
}

test("a machine boots with its name and address, and nothing runs on it but what it takes to be reached", async () => {
  expect(await outputOf("pg-01", "hostname")).toBe("pg-01");
  expect(await outputOf("pg-01", "systemctl is-system-running")).toBe("running");
  const services = await outputOf("pg-01", "systemctl list-units --type=service --state=running --plain --no-legend");
  expect(services.split("\n").map((line) => line.split(".service")[0])).toEqual([
    "dbus",
    "ssh",
    "systemd-journald",
    "systemd-logind",
    "systemd-networkd",
  ]);
});

test("a machine has no way out: no default route, no name server, no device of the computer", async () => {
  expect(await outputOf("pg-01", "ip route")).toBe("10.89.9.0/24 dev host0 proto kernel scope link src 10.89.9.11");
  expect(await outputOf("pg-01", "cat /etc/resolv.conf")).toBe("");
  expect((await on("pg-01", "ls /dev/watchdog /dev/vda /dev/sda /dev/kvm /dev/loop-control")).stdout).toBe("");
});

test(
  "memory and CPU are limited, and the machine's own figures say so",
  async () => {
    expect(await memoryTotal()).toBe(128);
    expect(await outputOf("api-01", "grep -c ^processor /proc/cpuinfo")).toBe("1");
    const cores = await coresUsed(4);
    expect(cores).toBeGreaterThan(0.15);
    expect(cores).toBeLessThan(0.33);
    expect((await on("api-01", "head -c 200M /dev/zero | tail | wc -c")).stdout.trim()).not.toBe("209715200");
    expect(await outputOf("api-01", "echo alive")).toBe("alive");
  },
  MINUTE,
);

test(
  "busy seconds of the machine's CPU show in its own /proc/stat, idle ones of the others do not",
  async () => {
    const busy = async (name: "api-01" | "pg-01") =>
      Number((await outputOf(name, "head -1 /proc/stat")).split(/\s+/)[1]);
    const before = [await busy("api-01"), await busy("pg-01")] as const;
    await coresUsed(4);
    expect((await busy("api-01")) - before[0]).toBeGreaterThan(60);
    expect((await busy("pg-01")) - before[1]).toBeLessThan(60);
  },
  MINUTE,
);

test(
  "limits change while the machine runs, and hold after a reset",
  async () => {
    await lab.provisioningLimits("on");
    expect(await memoryTotal()).toBe(1_024);
    // On a busy computer not every try gets the whole limit.
    expect(await bestOf(4, () => coresUsed(2))).toBeGreaterThan(0.4);
    await lab.reset("api-01");
    await lab.waitUntilReachable(["api-01"]);
    expect(await memoryTotal()).toBe(1_024);
    await lab.provisioningLimits("off");
    expect(await memoryTotal()).toBe(128);
    expect(await coresUsed(3)).toBeLessThan(0.33);
    await lab.reset("api-01");
    await lab.waitUntilReachable(["api-01"]);
    expect(await memoryTotal()).toBe(128);
    expect(await coresUsed(3)).toBeLessThan(0.33);
  },
  2 * MINUTE,
);

test(
  "the disk has its size, and a machine with a full disk still boots",
  async () => {
    const { code, stderr } = await on("haproxy", "dd if=/dev/zero of=/full bs=1M count=3000", MINUTE);
    expect({ code, full: stderr.includes("No space left") }).toEqual({ code: 1, full: true });
    const size = Number(await outputOf("haproxy", "stat -c %s /full")) / 2 ** 30;
    expect(size).toBeGreaterThan(1.7);
    expect(size).toBeLessThan(2);
    await lab.reset("haproxy");
    await lab.waitUntilReachable(["haproxy"]);
    await outputOf("haproxy", "rm /full");
  },
  2 * MINUTE,
);

test(
  "a reboot from inside comes back with the same keys and files",
  async () => {
    await outputOf("pg-01", "echo kept > /root/file && sync");
    const before = await bootId();
    await on("pg-01", "systemctl reboot", 5_000);
    const rebooted = await waitUntil(async () => (await bootId().catch(() => before)) !== before, {
      deadlineMs: MINUTE,
      everyMs: 200,
    });
    expect(rebooted).toBe(true);
    expect(await outputOf("pg-01", "cat /root/file")).toBe("kept");
    expect(await lab.isOff("pg-01")).toBe(false);
  },
  2 * MINUTE,
);

test(
  "while it reboots a machine is never taken for one that is off",
  async () => {
    let looks = 0;
    let off = 0;
    let done = false;
    const before = await bootId();
    const watch = (async () => {
      while (!done) {
        looks += 1;
        if (await lab.isOff("pg-01")) off += 1;
        await delay(5);
      }
    })();
    await on("pg-01", "systemctl reboot", 5_000);
    await waitUntil(async () => (await bootId().catch(() => before)) !== before, { deadlineMs: MINUTE, everyMs: 200 });
    done = true;
    await watch;
    expect(off).toBe(0);
    expect(looks).toBeGreaterThan(50);
  },
  2 * MINUTE,
);

test(
  "a machine that is shut down from inside is off, and stays off",
  async () => {
    await on("haproxy", "systemctl poweroff", 5_000);
    expect(await waitUntil(() => lab.isOff("haproxy"), { deadlineMs: 20_000 })).toBe(true);
    await delay(2_000);
    expect((await lab.status()).find(({ name }) => name === "haproxy")?.state).toBe("off");
    await boot("haproxy");
  },
  MINUTE,
);

test(
  "power off takes effect at once and without a closing packet: an open connection notices nothing",
  async () => {
    const peer = await openConnection();
    try {
      const started = performance.now();
      await lab.powerOff("pg-01");
      expect(performance.now() - started).toBeLessThan(3_000);
      expect(await lab.isOff("pg-01")).toBe(true);
      await delay(1_500);
      expect(peer.ended()).toBe(false);
      expect((await ping("pg-01", 3)).code).not.toBe(0);
    } finally {
      peer.close();
      await boot("pg-01");
    }
  },
  MINUTE,
);

/** A connection from the stand's network to sshd. */
async function openConnection() {
  const child = spawn("nsenter", [`--net=/run/netns/${NAMESPACE}`, "--", "socat", "-", "TCP:10.89.9.11:22"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  let ended = false;
  child.on("close", () => {
    ended = true;
  });
  await new Promise((resolve) => child.stdout.once("data", resolve));
  return { ended: () => ended, close: () => child.kill("SIGKILL") };
}

test(
  "power off during a boot is certain too",
  async () => {
    for (const milliseconds of [0, 20, 50, 100, 200, 400]) {
      await lab.powerOff("haproxy");
      await lab.powerOn("haproxy");
      await delay(milliseconds);
      await lab.powerOff("haproxy");
      expect(await lab.isOff("haproxy")).toBe(true);
      await delay(300);
      expect(await lab.isOff("haproxy")).toBe(true);
    }
    await boot("haproxy");
  },
  MINUTE,
);

test(
  "powering on what runs, and off what is off, changes nothing",
  async () => {
    const before = await bootId();
    await lab.powerOn("pg-01");
    expect(await bootId()).toBe(before);
    await lab.powerOff("haproxy");
    await lab.powerOff("haproxy");
    await boot("haproxy");
  },
  MINUTE,
);

test.each([
  ["out", 30, 30],
  ["in", 30, 30],
  ["both", 20, 36],
] as const)(
  "a loss of packets %s of %d percent loses %d percent of the echoes",
  async (direction, percent, echoes) => {
    await lab.loss("pg-01", percent, direction);
    const lost = lossIn(await ping("pg-01", 1_000));
    await lab.heal("pg-01");
    expect(lost).toBeGreaterThan(echoes - 6);
    expect(lost).toBeLessThan(echoes + 6);
    expect(lossIn(await ping("pg-01", 200))).toBe(0);
  },
  MINUTE,
);

test(
  "a machine that is cut off from one other still reaches the rest",
  async () => {
    const pingTo = (address: string) => on("pg-01", `ping -q -c 3 -i 0.05 -W 0.3 ${address}`);
    await lab.cut("pg-01", { from: "haproxy" });
    expect(lossIn(await pingTo("10.89.9.5"))).toBe(100);
    expect(lossIn(await pingTo("10.89.9.31"))).toBe(0);
    expect(lossIn(await pingTo("10.89.9.1"))).toBe(0);
    await lab.heal("haproxy");
    expect(lossIn(await pingTo("10.89.9.5"))).toBe(0);
  },
  MINUTE,
);

test(
  "a cut holds through a reset, and healing works while the machine is off",
  async () => {
    await lab.cut("pg-01");
    expect(lossIn(await ping("pg-01", 3))).toBe(100);
    expect(await lab.isOff("pg-01")).toBe(false);
    await lab.reset("pg-01");
    await delay(4_000);
    expect(lossIn(await ping("pg-01", 3))).toBe(100);
    await lab.powerOff("pg-01");
    await lab.heal();
    expect(await lab.faults()).toEqual({ loss: {}, cut: [], disk: [] });
    await boot("pg-01");
  },
  MINUTE,
);

describe("a stalled disk", () => {
  const stall = async (): Promise<void> => {
    const { inject } = await lab.diskFault("pg-01", { kind: "stall" });
    await runOrThrow(["sh", "-c", inject], { deadlineMs: MINUTE });
    // A process of the machine waits for it, and no signal ends that.
    await on("pg-01", "setsid -f sh -c 'echo x >/root/stalled; sync'", 3_000);
    await delay(500);
  };

  test(
    "power off ends what waits for it, and the machine comes back with a disk that works",
    async () => {
      await stall();
      const started = performance.now();
      await lab.powerOff("pg-01");
      expect(performance.now() - started).toBeLessThan(3_000);
      expect([await lab.isOff("pg-01"), (await lab.faults()).disk]).toEqual([true, []]);
      await boot("pg-01");
      await outputOf("pg-01", "echo written >/root/file && sync");
    },
    MINUTE,
  );

  test(
    "power off works also when nobody knows of the fault, and its supervisor is lost",
    async () => {
      await stall();
      await runOrThrow(["rm", `${FOLDER}/machines/pg-01/disk-fault`], { deadlineMs: MINUTE });
      const pid = Number((await Bun.file(`${FOLDER}/machines/pg-01/supervisor.pid`).text()).split(" ")[0]);
      process.kill(pid, "SIGKILL");
      await lab.powerOff("pg-01");
      expect(await lab.isOff("pg-01")).toBe(true);
      await boot("pg-01");
      await outputOf("pg-01", "echo written >/root/file && sync");
    },
    MINUTE,
  );

  test(
    "down takes less than 20 s and leaves nothing",
    async () => {
      await stall();
      const started = performance.now();
      await lab.down();
      expect(performance.now() - started).toBeLessThan(20_000);
      expect(await leftovers(STAND, FOLDER)).toEqual([]);
      await lab.up();
    },
    MINUTE,
  );

  test(
    "a slow disk writes no faster than its limit, and as before after the undo",
    async () => {
      const megabytesPerSecond = async (): Promise<number> => {
        const startedAt = performance.now();
        await outputOf("pg-01", "dd if=/dev/zero of=/root/slow bs=64k count=64 oflag=dsync 2>&1");
        return 4 / ((performance.now() - startedAt) / 1_000);
      };
      const { check, inject, undo, gone } = await lab.diskFault("pg-01", { kind: "slow", bytesPerSecond: 1_000_000 });
      const sh = async (script: string) => (await runProgram(["sh", "-c", script], { deadlineMs: MINUTE })).code;
      expect([await sh(check), await sh(inject)]).toEqual([0, 0]);
      expect(await megabytesPerSecond()).toBeLessThan(1.3);
      expect([await sh(undo), await sh(gone)]).toEqual([0, 0]);
      expect(await megabytesPerSecond()).toBeGreaterThan(5);
    },
    MINUTE,
  );
});

test(
  "up again changes nothing and is quick",
  async () => {
    const before = await bootId();
    const started = performance.now();
    expect(await lab.up()).toEqual({
      started: [],
      created: [],
      surplus: [],
      moves: false,
      isRaised: false,
      warnings: [],
    });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(await bootId()).toBe(before);
  },
  MINUTE,
);

test(
  "up repairs what is missing: a machine, a supervisor, the faults' rules",
  async () => {
    await outputOf("pg-01", "echo kept > /root/file && sync");
    await lab.powerOff("haproxy");
    const pid = Number((await Bun.file(`${FOLDER}/machines/pg-01/supervisor.pid`).text()).split(" ")[0]);
    process.kill(pid, "SIGKILL");
    await lab.loss("api-01", 100, "in");
    await runProgram(["ip", "netns", "exec", NAMESPACE, "nft", "flush", "ruleset"], { deadlineMs: MINUTE });
    await lab.heal("api-01");
    const { started } = await lab.up();
    expect(started).toEqual(["pg-01", "haproxy"]);
    expect(await outputOf("pg-01", "cat /root/file")).toBe("kept");
  },
  MINUTE,
);

test(
  "a change is refused while another run changes the stand, with the name of that run",
  async () => {
    const { lock } = foldersOf(dirname(dirname(FOLDER)), STAND);
    await withLock({ key: lock, purpose: "`ring something`" }, async () => {
      const outcomes = await Promise.allSettled([lab.up(), lab.snapshots.save("slow"), lab.down()]);
      for (const outcome of outcomes) {
        const error = outcome.status === "rejected" ? outcome.reason : undefined;
        expect(error).toBeInstanceOf(LockHeld);
        expect(error.message).toContain("`ring something` (process ");
      }
    });
    expect(await lab.snapshots.list()).toEqual([]);
    expect((await lab.up()).started).toEqual([]);
  },
  MINUTE,
);

test(
  "a snapshot of the stand restores disks and secrets in less than a minute",
  async () => {
    await outputOf("pg-01", "echo before > /root/state");
    await Bun.write(`${FOLDER}/secrets/passwords/one`, "before");
    await lab.snapshots.save("first");
    await outputOf("pg-01", "echo after > /root/state");
    await Bun.write(`${FOLDER}/secrets/passwords/one`, "after");
    await Bun.write(`${FOLDER}/secrets/passwords/two`, "after");
    const started = performance.now();
    await lab.snapshots.restore("first");
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(await outputOf("pg-01", "cat /root/state")).toBe("before");
    expect(await Bun.file(`${FOLDER}/secrets/passwords/one`).text()).toBe("before");
    expect(await Bun.file(`${FOLDER}/secrets/passwords/two`).exists()).toBe(false);
  },
  3 * MINUTE,
);

test(
  "a snapshot of one machine leaves the others alone",
  async () => {
    const before = await bootId();
    await outputOf("api-01", "echo before > /root/state");
    await lab.snapshots.save("one", { machine: "api-01" });
    await outputOf("api-01", "echo after > /root/state");
    await lab.snapshots.restore("one", { machine: "api-01" });
    expect(await outputOf("api-01", "cat /root/state")).toBe("before");
    expect(await bootId()).toBe(before);
    await expect(lab.snapshots.restore("one", { machine: "pg-01" })).rejects.toThrow(/no disk of pg-01/);
    await expect(lab.snapshots.save("one")).rejects.toThrow(/already/);
    expect((await lab.snapshots.list()).map(({ name, whole }) => ({ name, whole }))).toEqual([
      { name: "one", whole: false },
      { name: "first", whole: true },
    ]);
  },
  2 * MINUTE,
);

test(
  "services are forwarded from the loopback address, and a dead forward is replaced",
  async () => {
    const { database = 0, ...others } = await lab.forwards();
    expect(Object.keys(others).toSorted()).toEqual(["haproxyStats", "replicas"]);
    await outputOf("haproxy", "systemd-run -q socat TCP-LISTEN:5000,fork,reuseaddr EXEC:hostname");
    await waitUntil(async () => (await readFrom(database)) !== "", { deadlineMs: 5_000 });
    expect(await readFrom(database)).toBe("haproxy\n");
    const runtime = await Bun.file(`${FOLDER}/runtime.json`).json();
    process.kill(runtime.forwards.database.pid, "SIGKILL");
    await lab.up();
    expect((await lab.forwards()).database).toBe(database);
    expect(await readFrom(database)).toBe("haproxy\n");
    await lab.up({ ports: { database: 15_432 } });
    expect((await lab.forwards()).database).toBe(15_432);
    expect(await readFrom(15_432)).toBe("haproxy\n");
    await expect(readFrom(database)).rejects.toThrow();
  },
  2 * MINUTE,
);

function readFrom(port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = "";
    const socket = connect(port, "127.0.0.1");
    socket.setTimeout(5_000, () => socket.destroy(new Error("no answer")));
    socket.on("data", (chunk) => {
      text += chunk.toString();
    });
    socket.on("end", () => resolve(text));
    socket.on("error", reject);
  });
}

test(
  "down takes less than 20 s and leaves nothing",
  async () => {
    const started = performance.now();
    await lab.down();
    expect(performance.now() - started).toBeLessThan(20_000);
    await lab.provisioningLimits("on");
    await lab.provisioningLimits("off");
    await lab.heal();
    await lab.powerOff("pg-01");
    await expect(lab.powerOn("pg-01")).rejects.toThrow(/is down/);
    expect(await lab.isOff("pg-01")).toBe(true);
    expect(await leftovers(STAND, FOLDER)).toEqual([]);
  },
  MINUTE,
);
