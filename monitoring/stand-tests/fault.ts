import type { Machine } from "@goldenring/stand";
import type { Stand } from "./stand.ts";

/** Who is who when the round begins. */
export interface Site {
  readonly stand: Stand;
  readonly primary: Machine;
  readonly replica: Machine;
  readonly etcd: readonly Machine[];
  readonly api: readonly Machine[];
  readonly ingress: Machine;
}

/** The alert that must come: its name, and labels that it must have. */
export interface Expected {
  readonly alert: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** An alert that may come besides, because the fault does that too. */
export interface Declared {
  readonly alert: string;
  readonly why: string;
}

/** A fault of the table in `faults.ts`. */
export interface Fault {
  readonly name: string;
  readonly about: string;
  readonly expected: (site: Site) => Expected;
  readonly declared: readonly Declared[];
  readonly inject: (site: Site) => Promise<unknown>;
  /** Must work whatever part of the injection was done. */
  readonly undo: (site: Site) => Promise<unknown>;
  /** The delay of the alert in the report of 2023, where it tried this. */
  readonly report?: string;
}
