import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { type Machine, runOn } from "@goldenring/stand";

const ENTRY = fileURLToPath(new URL("../../baseline/main.ts", import.meta.url));
/** On the machine, in memory: a reboot undoes it. */
const FOLDER = "/run/goldenring-baseline";
const UNIT = "goldenring-baseline";
/** The product's unit: what limits it limits the baseline. */
const PRODUCT = "goldenring-api";

const STEP_MS = 90_000;
const READY_MS = 60_000;
const AGAIN_MS = 500;
/** The ingress must have seen that a replica is there. */
const SETTLED_MS = 4_000;

/** What undoes it; also the machine itself runs it when its time is over, should nobody else come. */
const RESTORE = [
  `systemctl stop ${UNIT}`,
  `rm -rf ${FOLDER} /run/systemd/system/${UNIT}.service`,
  "systemctl daemon-reload",
  `systemctl start ${PRODUCT}`,
].join("; ");

/** @param seconds after which the machine puts the product back by itself */
function installScript(seconds: number): string {
  const env = `s#^DATABASE_URL=\\(.*@[^,/]*\\),[^/]*#DATABASE_URL=\\1#p; t; /^HOST=/p; /^PORT=/p`;
  return `set -eu
umask 022
mkdir -p ${FOLDER}
cat > ${FOLDER}/main.js
(umask 077; sed -n -e '${env}' /etc/goldenring/api.env > ${FOLDER}/env)
sed -e 's#^\\(ExecStart=[^ ]*\\) .*#\\1 ${FOLDER}/main.js#' -e 's#^EnvironmentFile=.*#EnvironmentFile=${FOLDER}/env#' \\
  -e 's#^Description=.*#Description=Baseline of the load tests, in the place of ${PRODUCT}#' \\
  /etc/systemd/system/${PRODUCT}.service > /run/systemd/system/${UNIT}.service
systemctl daemon-reload
${stopScript(seconds)}
systemctl start ${UNIT}`;
}

function stopScript(seconds: number): string {
  return `set -eu
mkdir -p ${FOLDER}
systemd-run --quiet --collect --unit=${UNIT}-end --on-active=${seconds} /bin/sh -c '${RESTORE}'
systemctl stop ${PRODUCT}`;
}

/** Prints the first line of the answer to a readiness check; nothing while nobody listens. */
const READY = `bash -c '. /dev/stdin; exec 3<>"/dev/tcp/$HOST/$PORT"; printf "GET /healthz/ready HTTP/1.0\\r\\n\\r\\n" >&3; read -r -t 5 line <&3; echo "$line"' < /etc/goldenring/api.env 2> /dev/null`;

/**
 * Puts the baseline in the place of the product on the machines of the replicas: same unit and so the same limits, address and port,
 * and the database by the first of the product's ways to it.
 *
 * @param seconds after which the machines put the product back, whatever has become of this process
 * @throws {CommandError}
 */
export async function installBaseline(replicas: readonly Machine[], seconds: number): Promise<void> {
  const bundle = await bundled();
  await onEach(replicas, `sh -c ${quoted(installScript(seconds))}`, bundle);
  await untilReady(replicas);
}

/**
 * Ends the product on machines where nothing takes its place; `restoreProduct` undoes it.
 *
 * @param seconds after which the machines put it back, whatever has become of this process
 * @throws {CommandError}
 */
export async function stopProduct(replicas: readonly Machine[], seconds: number): Promise<void> {
  await onEach(replicas, `sh -c ${quoted(stopScript(seconds))}`);
  await sleep(SETTLED_MS);
}

/** Puts the product back where the baseline is, or was left by a run that was killed; elsewhere it changes nothing. @throws {CommandError} */
export async function restoreProduct(replicas: readonly Machine[]): Promise<void> {
  await onEach(replicas, `systemctl stop ${UNIT}-end.timer 2> /dev/null; ${RESTORE.replace(";", " 2> /dev/null;")}`);
  await untilReady(replicas);
}

export async function isProductReplaced(replicas: readonly Machine[]): Promise<boolean> {
  const found = await Promise.all(replicas.map((one) => runOn(one, `test -e ${FOLDER}`, { deadlineMs: STEP_MS })));
  return found.some(({ code }) => code === 0);
}

async function bundled(): Promise<string> {
  const built = await Bun.build({ entrypoints: [ENTRY], target: "bun" });
  const [output] = built.outputs;
  if (output === undefined) throw new CommandError("The baseline cannot be bundled.");
  return output.text();
}

async function onEach(machines: readonly Machine[], command: string, input?: string): Promise<void> {
  const options = { deadlineMs: STEP_MS, ...(input === undefined ? {} : { input }) };
  await Promise.all(
    machines.map(async (machine) => {
      const { code, stderr } = await runOn(machine, command, options);
      if (code !== 0) throw new CommandError(`${machine.name}: exit code ${code}: ${stderr.trim().slice(-400)}`);
    }),
  );
}

async function untilReady(machines: readonly Machine[]): Promise<void> {
  const until = Date.now() + READY_MS;
  await Promise.all(machines.map((machine) => untilOneIsReady(machine, until)));
  await sleep(SETTLED_MS);
}

async function untilOneIsReady(machine: Machine, until: number): Promise<void> {
  for (;;) {
    const { stdout } = await runOn(machine, READY, { deadlineMs: STEP_MS });
    if (stdout.includes(" 200")) return;
    if (Date.now() > until)
      throw new CommandError(`${machine.name}: what should serve is not ready after ${READY_MS / 1000} s.`);
    await sleep(AGAIN_MS);
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
