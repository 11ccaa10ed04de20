import type { ExperimentInput } from "../experiment/experiment.ts";
import { singleFault, type Use } from "./single-faults.ts";

type Stages = ExperimentInput["stages"];

/** Three pods of the API one after another, s. */
const ROLLOUT_S = 60;

const stage = (name: string, seconds: number, ...faults: Use[]): Stages[number] => {
  return { name, faults, seconds, after: "recover" };
};

/** What moved to other nodes stays there until somebody spreads it again. */
const SPREAD = stage("spread", ROLLOUT_S, { fault: "rolling-restart" });

const experiment = (number: number, title: string, hypothesis: string, stages: Stages): ExperimentInput =>
  singleFault({
    id: `CE-${number}`,
    title,
    hypothesis,
    stages,
    primaryStays: true,
    abortWhen: [{ metric: "readSilence", above: 30_000, words: "no read is answered for 30 s" }],
    rounds: 3,
  });

const CONTROL_PLANE = ["kube-scheduler", "kube-controller-manager", "kube-apiserver", "kubernetes-etcd"];

/** Where the API runs on machines, their faults say that they are not available. */
export const KUBERNETES: readonly ExperimentInput[] = [
  experiment(
    29,
    "Pods of the API are killed, and replaced one after another",
    "Other pods answer in their place; a rolling restart costs no request.",
    [
      stage("one", 10, { fault: "kill-pod", on: "pod/any" }),
      stage("all of a node", 10, { fault: "kill-pod", on: "pod/all-of-one-node" }),
      stage("restart", ROLLOUT_S, { fault: "rolling-restart" }),
    ],
  ),
  experiment(
    30,
    "The API is upgraded and rolled back, to a good version and to one whose image does not exist",
    "A broken version never replaces the good one; neither the upgrades nor the ways back cost a request.",
    [
      stage("good", ROLLOUT_S, { fault: "upgrade", to: "good" }),
      stage("broken", ROLLOUT_S, { fault: "upgrade", to: "broken" }),
    ],
  ),
  experiment(
    31,
    "Each node is drained, one after the other",
    "The pods move one after another, each when its replacement is ready; nothing fails.",
    [stage("first", 10, { fault: "drain", on: "api/1" }), stage("second", 10, { fault: "drain", on: "api/2" }), SPREAD],
  ),
  experiment(
    32,
    "A node with pods loses its power",
    "The ingress asks the pods of the other node, and Kubernetes replaces those that are lost; nothing fails.",
    [stage("power", 60, { fault: "power-off", on: "node" }), SPREAD],
  ),
  experiment(
    33,
    "A node with pods is cut off from everything",
    "As when it loses its power: nothing fails. When it is back, its old pods end.",
    [stage("cut off", 60, { fault: "cut", on: "node" }), SPREAD],
  ),
  experiment(
    34,
    "The API is scaled from its number of pods to six, and back",
    "New pods get requests when they are ready, and those that go finish theirs; nothing fails.",
    [stage("six", ROLLOUT_S, { fault: "scale", replicas: 6 })],
  ),
  experiment(
    35,
    "The control plane of Kubernetes is stopped for 5 minutes",
    "Pods and their ports go on without it; nothing fails.",
    [stage("stopped", 300, ...CONTROL_PLANE.map((unit): Use => ({ fault: "stop-unit", on: "kubernetes/1", unit })))],
  ),
  experiment(36, "The control plane's machine loses its power", "No pods run there, so nothing fails.", [
    stage("power", 60, { fault: "power-off", on: "kubernetes/1" }),
  ]),
];
