import { CommandError } from "@goldenring/run-kit";
import { must, type StandMachine } from "@goldenring/stand";
import * as z from "zod";
import { CHECK_DEADLINE_MS, controlPlane, FILE_MARK, faultKind, type MachineFault, mustHold, on } from "./fault.ts";

/** The chart's deployment, as the stand installs it. Each command fails rather than wait for an API server that is away. */
const KUBECTL = "kubectl --request-timeout=20s --namespace=weather";
const DEPLOYMENT = "deployment/weather-goldenring";
const PODS = `${KUBECTL} get pods --selector=app.kubernetes.io/component=api --field-selector=status.phase=Running --no-headers --output=custom-columns=NAME:.metadata.name,NODE:.spec.nodeName,ENDS:.metadata.deletionTimestamp | awk '$3 == "<none>"'`;
const IS_ROLLED_OUT = `${KUBECTL} rollout status ${DEPLOYMENT} --watch=false | grep -q 'successfully rolled out'`;

const WHICH = {
  "pod/any": `${PODS} | shuf -n 1`,
  "pod/all-of-one-node": `pods=$(${PODS}); node=$(echo "$pods" | awk '{ print $2 }' | sort | uniq -c | sort -rn | awk 'NR == 1 { print $2 }'); echo "$pods" | awk -v node="$node" '$2 == node'`,
} as const;

/** Others take their places, so there is nothing to undo. */
export const killPod = faultKind({
  form: z.object({ fault: z.literal("kill-pod"), on: z.enum(["pod/any", "pod/all-of-one-node"]) }),
  about: "kills one pod of the API, or all of the node with most of them (kubectl delete pod --force)",
  describe: ({ on }) => (on === "pod/any" ? "a pod is killed" : "all pods of a node are killed"),
  async prepare({ on }, machine) {
    await stateOf(machine);
    const names = `set -- $(${WHICH[on]} | awk '{ print $1 }'); [ $# -gt 0 ]`;
    return {
      by: "machine",
      slot: "pod",
      inject: `${names} && ${KUBECTL} delete pod "$@" --grace-period=0 --force --wait=false`,
      undo: ":",
      gone: IS_ROLLED_OUT,
      mayEndEarly: true,
    };
  },
});

const ofDeployment = <Name extends string, Options extends z.ZodRawShape>(fault: Name, options: Options) =>
  z.object({ fault: z.literal(fault), on: z.literal("deployment").default("deployment"), ...options });

export const rollingRestart = faultKind({
  form: ofDeployment("rolling-restart", {}),
  about: "replaces the pods of the API one after another (kubectl rollout restart)",
  describe: () => "the pods are replaced one after another",
  async prepare(_, machine) {
    await stateOf(machine);
    const inject = `${KUBECTL} rollout restart ${DEPLOYMENT}`;
    return { by: "machine", slot: "deployment", inject, undo: ":", gone: IS_ROLLED_OUT, mayEndEarly: true };
  },
});

export const upgrade = faultKind({
  form: ofDeployment("upgrade", {
    /** `good`: the same image with another annotation; `broken`: an image that no node has. */
    to: z.enum(["good", "broken"]),
  }),
  about: "upgrades the API to a good or a broken version; the undo rolls back",
  describe: ({ to }) => `the deployment is upgraded to a ${to} version`,
  async prepare({ to }, machine) {
    const { image, ...state } = await stateOf(machine);
    const version = (chaos: string | null, image: string) => ({
      spec: { template: { metadata: { annotations: { chaos } }, spec: { containers: [{ name: "api", image }] } } },
    });
    const changed = version(FILE_MARK, to === "good" ? image : `localhost/${FILE_MARK}:none`);
    return patched(changed, version(null, image), state.text);
  },
});

export const scale = faultKind({
  form: ofDeployment("scale", { replicas: z.int().min(0).max(30) }),
  about: "gives the API another number of pods",
  describe: ({ replicas }) => `the deployment has ${replicas} pods`,
  async prepare({ replicas }, machine) {
    const state = await stateOf(machine);
    if (state.replicas === replicas) throw new CommandError(`The API has ${replicas} pods already.`, "usage");
    const count = (replicas: number) => ({ spec: { replicas } });
    return patched(count(replicas), count(state.replicas), state.text);
  },
});

/** Its pods move, one after another. They do not come back by themselves: a rolling restart spreads them again. */
export const drain = faultKind({
  form: z.object({ fault: z.literal("drain"), on: on.default("node") }),
  about: "moves all pods away from a node, which takes no others (kubectl drain)",
  describe: () => "is drained",
  async prepare(_, { name }, { stand }) {
    const at = controlPlane(stand);
    const takesPods = `state=$(${KUBECTL} get node ${name} --output=jsonpath={.spec.unschedulable}) && [ -z "$state" ]`;
    await mustHold(at, takesPods, `${name} is no node that takes pods`);
    return {
      by: "machine",
      at: at.name,
      slot: "drain",
      inject: `kubectl drain ${name} --ignore-daemonsets --delete-emptydir-data --timeout=50s`,
      undo: `${KUBECTL} uncordon ${name}`,
      gone: takesPods,
    };
  },
});

const STATE = `${KUBECTL} get ${DEPLOYMENT} --output=jsonpath='{.spec.replicas} {.spec.template.spec.containers[0].image} {.spec.template.metadata.annotations.chaos}'`;

/** Of the deployment as it is and has been rolled out. @throws {CommandError} where it is not, or already changed by a fault */
async function stateOf(machine: StandMachine) {
  await mustHold(machine, IS_ROLLED_OUT, `${DEPLOYMENT} is not there or not rolled out`);
  const text = (await must(machine, STATE, { deadlineMs: CHECK_DEADLINE_MS })).trim();
  const [replicas, image] = /^(\d+) ([A-Za-z0-9._:@/-]+)$/.exec(text)?.slice(1) ?? [];
  if (replicas === undefined || image === undefined)
    throw new CommandError(`${machine.name}: ${DEPLOYMENT} is changed by a fault already (${text}).`, "usage");
  return { text, replicas: Number(replicas), image };
}

/**
 * Helm refuses to change what somebody else owns in an object. So the undo also takes the fault's entries out of the list of owners.
 *
 * @param before what the state is when the fault is gone
 */
function patched(changed: object, original: object, before: string): MachineFault {
  const patch = (content: object): string =>
    `${KUBECTL} patch ${DEPLOYMENT} --field-manager=${FILE_MARK} --patch='${JSON.stringify(content)}'`;
  const find = `${KUBECTL} get ${DEPLOYMENT} --show-managed-fields --output=jsonpath='{range .metadata.managedFields[*]}{.manager}{"\\n"}{end}' | grep -nxm 1 ${FILE_MARK}`;
  // The test: others change the list, too.
  const remove = `entry=/metadata/managedFields/$((\${found%%:*} - 1)); ${KUBECTL} patch ${DEPLOYMENT} --type=json --patch="[{\\"op\\": \\"test\\", \\"path\\": \\"$entry/manager\\", \\"value\\": \\"${FILE_MARK}\\"}, {\\"op\\": \\"remove\\", \\"path\\": \\"$entry\\"}]" || exit 1`;
  return {
    by: "machine",
    slot: "deployment",
    inject: patch(changed),
    undo: `${patch(original)} && while found=$(${find}); do ${remove}; done`,
    gone: `[ "$(echo $(${STATE}))" = "${before}" ] && ${IS_ROLLED_OUT}`,
  };
}
