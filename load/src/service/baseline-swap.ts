import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CommandError } from "@goldenring/run-kit";
import { type Machine, runOn, shellQuote, waitUntil } from "@goldenring/stand";

const ENTRY = fileURLToPath(new URL("../../baseline/main.ts", import.meta.url));
/** On the machine, in memory: a reboot removes it. */
const FOLDER = "/run/goldenring-baseline";
const UNIT = "goldenring-baseline";
/** The product's unit: its limits are the baseline's. */
const PRODUCT = "goldenring-api";

const STEP_DEADLINE_MS = 90_000;
const READY_DEADLINE_MS = 60_000;
const RETRY_MS = 500;
/** Until the ingress has noticed which replicas are ready. */
const SETTLE_MS = 4_000;

/** Restores the product; also run by the machine itself when its time is over. */
const RESTORE = [
  `systemctl stop ${UNIT}`,
  `rm -rf ${FOLDER} /run/systemd/system/${UNIT}.service`,
  "systemctl daemon-reload",
  `systemctl start ${PRODUCT}`,
].join("; ");

/** @param seconds after which the machine restores the product */
function installScript(seconds: number): string {
  const env = `s#^DATABASE_URL=\\(.*@[^,/]*\\),[^/]*#DATABASE_URL=\\1#p; t; /^HOST=/p; /^PORT=/p`;
  return `set -eu
umask 022
mkdir -p ${FOLDER}
cat > ${FOLDER}/main.js
(umask 077; sed -n -e '${env}' /etc/goldenring/api.env > ${FOLDER}/env)
sed -e 's#^\\(ExecStart=[^ ]*\\) .*#\\1 ${FOLDER}/main.js#' -e 's#^EnvironmentFile=.*#EnvironmentFile=${FOLDER}/env#' \\
  -e 's#^Description=.*#Description=Baseline of the load tests, instead of ${PRODUCT}#' \\
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
 * Replaces the product by the baseline on the replicas: same unit, so the same limits, address and port; the database by the first of the product's ways.
 * @param seconds after which the machines restore the product, whatever has become of this process @throws {CommandError}
 */
export async function installBaseline(replicas: readonly Machine[], seconds: number): Promise<void> {
  const { outputs } = await Bun.build({ entrypoints: [ENTRY], target: "bun" });
  const bundle = await outputs[0]?.text();
  if (bundle === undefined) throw new CommandError("The baseline cannot be bundled.");
  await runOnEach(replicas, `sh -c ${shellQuote(installScript(seconds))}`, bundle);
  await untilReady(replicas);
}

/** Until `restoreProduct`, or after `seconds` the machines restore it, whatever has become of this process. @throws {CommandError} */
export async function stopProduct(replicas: readonly Machine[], seconds: number): Promise<void> {
  await runOnEach(replicas, `sh -c ${shellQuote(stopScript(seconds))}`);
  await sleep(SETTLE_MS);
}

/** Restores the product where the baseline is, also after a run that was killed; elsewhere it changes nothing. @throws {CommandError} */
export async function restoreProduct(replicas: readonly Machine[]): Promise<void> {
  await runOnEach(replicas, `systemctl stop ${UNIT}-end.timer 2> /dev/null; ${RESTORE.replace(";", " 2> /dev/null;")}`);
  await untilReady(replicas);
}

export async function isProductReplaced(replicas: readonly Machine[]): Promise<boolean> {
  const checks = replicas.map((one) => runOn(one, `test -e ${FOLDER}`, { deadlineMs: STEP_DEADLINE_MS }));
  return (await Promise.all(checks)).some(({ code }) => code === 0);
}

async function runOnEach(machines: readonly Machine[], command: string, input = ""): Promise<void> {
  await Promise.all(
    machines.map(async (machine) => {
      const { code, stderr } = await runOn(machine, command, { deadlineMs: STEP_DEADLINE_MS, input });
      if (code !== 0) throw new CommandError(`${machine.name}: exit code ${code}: ${stderr.trim().slice(-400)}`);
    }),
  );
}

async function untilReady(machines: readonly Machine[]): Promise<void> {
  await Promise.all(
    machines.map(async (machine) => {
      const isReady = async (): Promise<boolean> =>
        (await runOn(machine, READY, { deadlineMs: STEP_DEADLINE_MS })).stdout.includes(" 200");
      if (await waitUntil(isReady, { deadlineMs: READY_DEADLINE_MS, everyMs: RETRY_MS })) return;
      throw new CommandError(`The service on ${machine.name} is not ready after ${READY_DEADLINE_MS / 1000} s.`);
    }),
  );
  await sleep(SETTLE_MS);
}
