/** What root of one machine may not do to the computer and to the other machines. Each attempt is made inside a machine, as root. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { runOrThrow } from "@goldenring/stand";
import { ADDRESS, FOLDER, lab, lossIn, on, outputOf, ping, UP } from "./stand-of-tests.ts";

const A_MINUTE_MS = 60_000;
const DEADLINE = { deadlineMs: A_MINUTE_MS };
const diskOf = (name: string) => `${FOLDER}/machines/${name}/disk.img`;

beforeAll(async () => {
  await lab.destroy();
  await lab.up(UP);
}, 15 * A_MINUTE_MS);

afterAll(() => lab.destroy(), A_MINUTE_MS);

describe("devices", () => {
  /** `7 1`: the other machine's disk. */
  const otherDisk = async () => {
    const numbers = ["losetup", "--noheadings", "--output", "MAJ:MIN", "--associated", diskOf("haproxy")];
    return (await runOrThrow(numbers, DEADLINE)).trim().replace(":", " ");
  };

  test("the loop device of another machine's disk can neither be made nor mounted", async () => {
    const made = await on("pg-01", `mknod /root/device b ${await otherDisk()}; head -c 1024 /root/device | wc -c`);
    expect(made).toMatchObject({ stdout: "0\n", stderr: expect.stringContaining("Operation not permitted") });
    expect(await outputOf("pg-01", "mount -t devtmpfs devices /mnt 2>/dev/null; ls /mnt")).toBe("");
  });

  test(
    "a device that the disk has from elsewhere is none",
    async () => {
      const device = await otherDisk();
      await lab.powerOff("pg-01");
      const make = `mount -o loop "$0" /mnt && { rm -f /mnt/upper/root/device; mknod /mnt/upper/root/device b ${device}; umount /mnt; }`;
      await runOrThrow(["unshare", "--mount", "sh", "-c", make, diskOf("pg-01")], DEADLINE);
      await lab.powerOn("pg-01");
      await lab.waitUntilReachable(["pg-01"]);
      const read = await on("pg-01", "stat --format=%F /root/device; head -c 1024 /root/device | wc -c");
      expect(read).toMatchObject({
        stdout: "block special file\n0\n",
        stderr: expect.stringContaining("Permission denied"),
      });
    },
    A_MINUTE_MS,
  );
});

test(
  "the files that a machine gets before it boots are not written through its links",
  async () => {
    const victim = `${FOLDER}/victim`;
    await Bun.write(victim, "kept");
    await outputOf("pg-01", `rm /etc/goldenring-seed; ln -sf ${victim} /etc/hostname; sync`);
    await lab.reset("pg-01");
    await lab.waitUntilReachable(["pg-01"]);
    expect(await Bun.file(victim).text()).toBe("kept");
    expect(await outputOf("pg-01", "cat /etc/hostname")).toBe("pg-01");
  },
  A_MINUTE_MS,
);

describe("the computer's settings", () => {
  // Each gets the value that it has.
  test.each(["kernel/core_pattern", "vm/swappiness", "fs/file-max"])(
    "%s cannot be written, through a writable mount of /proc/sys or a new /proc",
    async (name) => {
      const write = (proc: string) => `value=$(cat ${proc}/${name}); echo "$value" >${proc}/${name} && echo written`;
      const mounts = "mount -o remount,rw /proc/sys; mkdir -p /run/proc; mount -t proc proc /run/proc";
      const { stdout, stderr } = await on("pg-01", `${mounts}; ${write("/proc/sys")}; ${write("/run/proc/sys")}`);
      expect(stdout).toBe("");
      expect(stderr).toContain("Permission denied");
    },
  );

  test("a machine cannot raise its own limits", async () => {
    const raise = `
      mkdir -p /run/groups; mount -t cgroup -o memory groups /run/groups || mount -t cgroup2 groups /run/groups
      for file in $(find /run/groups -maxdepth 1 -name memory.limit_in_bytes -o -maxdepth 1 -name memory.max); do
        value=$(cat $file); echo "$value" >$file && echo "written: $file"
      done`;
    expect((await on("pg-01", raise)).stdout).toBe("");
  });
});

describe("the network", () => {
  const neighbour = (of: keyof typeof ADDRESS) =>
    outputOf("api-01", `ip neighbour show ${ADDRESS[of]} | cut -d ' ' -f 5`);
  const pingFrom = (options: string) => `ping -q -c 3 -i 0.1 -W 0.3 ${options} ${ADDRESS["api-01"]}`;

  test("the address of another machine gains nothing, also with forged ARP replies", async () => {
    expect(lossIn(await on("api-01", `ping -q -c 2 -i 0.1 ${ADDRESS.haproxy}`))).toBe(0);
    const before = await neighbour("haproxy");
    const forge = `
import socket, time
port = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
port.bind(("host0", 0))
mac = port.getsockname()[4]
reply = bytes.fromhex("0806 0001 0800 0604 0002") + mac + socket.inet_aton("${ADDRESS.haproxy}")
for _ in range(4):
    port.send(bytes([255] * 6) + mac + reply + bytes(6) + socket.inet_aton("${ADDRESS["api-01"]}"))
    time.sleep(0.5)`;
    const forged = await on(
      "pg-01",
      `ip address add ${ADDRESS.haproxy}/32 dev host0; python3 -c '${forge}'; ${pingFrom(`-I ${ADDRESS.haproxy}`)}; ip address delete ${ADDRESS.haproxy}/32 dev host0`,
    );
    expect(lossIn(forged)).toBe(100);
    expect(await neighbour("haproxy")).toBe(before);
  });

  test("another Ethernet address reaches nobody, and takes nothing from the machine that has it", async () => {
    const mac = await neighbour("haproxy");
    const change = (to: string) => `ip link set host0 address ${to}`;
    const own = "$(cat /sys/class/net/host0/address)";
    const forged = await on("pg-01", `own=${own}; ${change(mac)}; ${pingFrom("")}; ${change("$own")}`);
    expect(lossIn(forged)).toBe(100);
    expect(lossIn(await on("api-01", `ping -q -c 3 -i 0.1 ${ADDRESS.haproxy}`))).toBe(0);
    expect(lossIn(await ping("pg-01", 20))).toBe(0);
  });

  test("only ARP and IPv4 pass", async () => {
    const link = "ip address add fe80::1/64 dev host0 nodad";
    await outputOf("api-01", link.replace("::1/", "::2/"));
    expect(lossIn(await on("pg-01", `${link}; ping -q -c 3 -i 0.1 -W 0.3 fe80::2%host0`))).toBe(100);
  });
});
