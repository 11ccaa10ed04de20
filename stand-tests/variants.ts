/** The stand with one setting changed. */
export interface Variant {
  readonly name: string;
  /** Overrides numbers of cluster/roles/stand/defaults/main/timings.yml. */
  readonly timing?: Readonly<Record<string, unknown>>;
  /** Kernel settings of every machine. */
  readonly sysctl?: Readonly<Record<string, number>>;
}

/** One at a time, against `rto: fast` as it is: what each of its choices is worth under packet loss. */
export const VARIANTS: readonly Variant[] = [
  { name: "as it is" },
  { name: "retry_timeout 3 s instead of 9", timing: { retry_timeout: 3 } },
  {
    name: "replication and user timeouts 15 s instead of 5",
    timing: { replication_timeout_ms: 15_000, tcp_user_timeout_ms: 15_000 },
  },
  { name: "fastinter 400 ms instead of 100", timing: { haproxy: { fastinter_ms: 400 } } },
  { name: "redispatch 2 instead of 1", timing: { haproxy: { redispatch: 2 } } },
  { name: "fall 3 instead of 8", timing: { haproxy: { fall: 3 } } },
  { name: "connect 4 s, retries 2 instead of 1.2 s, 6", timing: { haproxy: { connect_ms: 4_000, retries: 2 } } },
  {
    name: "quick checks (250 ms, time-out 500 ms, fall 1)",
    timing: { haproxy: { inter_ms: 250, fastinter_ms: 100, check_ms: 500, fall: 1 } },
  },
  {
    name: "the kernel's own TCP timers",
    sysctl: {
      "net.ipv4.tcp_rto_min_us": 200_000,
      "net.ipv4.tcp_rto_max_ms": 120_000,
      "net.ipv4.tcp_thin_linear_timeouts": 0,
    },
  },
];
