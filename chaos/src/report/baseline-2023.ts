/** The experiments of 2023 that have one of the same kind here: what the course report of December 2023 did, expected and saw. */
export interface Baseline2023 {
  /** Id of the experiment of the same kind here. */
  readonly experiment: string;
  readonly fault: string;
  /** By which means. */
  readonly means: string;
  readonly expected: string;
  readonly saw: string;
  /** What its figures leave open, or what differs here. */
  readonly difference?: string;
}

/** Its probes had a timeout of 5 s: slower answers counted as errors. */
export const TIMEOUT_2023_MS = 5_000;

const CHAOSBLADE = "ChaosBlade, each with its own timeout";

export const BASELINE_2023: readonly Baseline2023[] = [
  {
    experiment: "CE-01",
    fault: "planned reboot of the primary's machine after 5 minutes of load",
    means: "a reboot",
    expected: "the other node takes over; some errors meanwhile",
    saw: "Patroni switched in about 2 s, HAProxy in about 4 s (its check interval of 3 s); clients got errors for about 7 s",
  },
  {
    experiment: "CE-02",
    fault: "packet loss on the primary's machine: 10, 20, 30, 40, 60, 80 %",
    means: "tc qdisc add dev ... root netem loss X%: loss on what the machine sends",
    expected: "rising response time, errors, in the end a new primary",
    saw: "30 % carried; 40 %: first errors with 5 s timeouts; 60 %: 500s and gaps in the metrics, no failover; 80 %: new primary after 20 s",
    difference:
      "Loss in both directions is far harsher than 40 % in one, as in 2023: 40 % each way loses 64 % of the round trips. Here a loss says its direction.",
  },
  {
    experiment: "CE-03",
    fault: "CPU load of 30, 50, 70, 90, 100 % for 120 s each on the primary's machine",
    means: CHAOSBLADE,
    expected: "rising response time, failover",
    saw: "nothing but a slightly higher P90 and P95",
    difference: "The report named I/O load in its title but had none; here it has.",
  },
  {
    experiment: "CE-04",
    fault: "CPU at 100 % for 240 s; memory at 80 %; disk filled to 92 %",
    means: CHAOSBLADE,
    expected: "an alert within 3 minutes for each",
    saw: "CPU: no alert (its rule waited for 10 minutes); memory: 2 min 32 s; disk: 2 min 48 s",
  },
  {
    experiment: "CE-05",
    fault: "etcd stopped on one node after another, all three; then started again",
    means: "systemctl stop",
    expected: "no effect on Patroni; no switch of the primary",
    saw: "1 of 3: an alert, no effect; 2 of 3: the primary demoted, everything fails with 500; with failsafe_mode: all three down, reads go on, no switch",
    difference: "2023 tested no writes; here they are tested.",
  },
];

export function of2023(experiment: string): Baseline2023 | undefined {
  return BASELINE_2023.find((each) => each.experiment === experiment);
}
