/** What an experiment has changed in the product. Add to it when an experiment finds something, with the figure before and after. */
export interface ProductChange {
  /** Experiments that found it, or would find it again. */
  readonly experiments: readonly string[];
  readonly change: string;
  /** Measured: before and after. */
  readonly effect: string;
  /** Where in the repository. */
  readonly where: string;
}

export const PRODUCT_CHANGES: readonly ProductChange[] = [
  {
    experiments: ["CE-01"],
    change:
      "A machine that reboots gives up the leader key before its network goes down, and keeps the network until the replica has asked once more.",
    effect: "longest write 5.5 s in one of five rounds before, 2.0 s in three rounds after",
    where: "cluster/roles/patroni",
  },
  {
    experiments: ["CE-01"],
    change: "HAProxy checks every 0.1 s while a check fails, and tries the other server from the first retry on.",
    effect: "a switchover takes writers 1.5 to 1.7 s instead of 2.9 s; the two were not measured separately",
    where: "cluster/roles/stand/defaults/main/timings.yml",
  },
  {
    experiments: ["CE-02"],
    change:
      "Sessions that packet loss only slows down are not closed: HAProxy takes eight failed checks in a row, Patroni waits 9 s for etcd.",
    effect: "no failed write under 40 % loss in both directions",
    where: "cluster/roles/stand/defaults/main/timings.yml",
  },
  {
    experiments: ["CE-06", "CE-08"],
    change:
      "A guardian frees the leader key of a machine that is off for certain, and takes a replica that is off out of the commits.",
    effect:
      "longest write 3.0 s instead of 22.4 s without the primary's machine, 1.1 s instead of 5.9 s without the replica's",
    where: "guardian",
  },
  {
    experiments: ["CE-10"],
    change:
      "The ingress gives every write a name so that it is carried out once, and sends it again when the replica that had it is gone; first POST, then PUT as well.",
    effect:
      "one POST without an answer in the first five rounds; after that one PUT in the next eleven; none in ten rounds since",
    where: "cluster/roles/ingress",
  },
  {
    experiments: ["CE-11", "CE-16"],
    change: "A member whose rewind broke off is cloned from the primary.",
    effect:
      "in one of three rounds pg_rewind met the full disk, and its member did not come back although there was space again",
    where: "cluster/roles/patroni",
  },
  {
    experiments: ["CE-04"],
    change: "The CPU alert is about the share of the time that a machine counts, not of a whole CPU.",
    effect:
      "a replica held to a quarter of a CPU was 77 % busy when nothing ran on it, and raised the alert under light load",
    where: "monitoring/rules",
  },
  {
    experiments: ["CE-06", "CE-12"],
    change: "WAL files are not recycled: a former standby's copy of a segment is the same as the one in the archive.",
    effect: "after 25 failovers archiving had stopped for good; in the first 7 since it has missed nothing",
    where: "cluster/roles/patroni",
  },
];

export function changesBecauseOf(experiment: string): readonly ProductChange[] {
  return PRODUCT_CHANGES.filter(({ experiments }) => experiments.includes(experiment));
}
