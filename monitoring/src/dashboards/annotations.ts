/** Drawn across the graphs of every dashboard. */
export const ALERTS_ON_GRAPHS = {
  title: "Alerts",
  expr: 'ALERTS{alertstate="firing", severity=~"critical|warning"}',
} as const;

/** When a chaos experiment began a fault; the value is that time, ms. */
export const FAULTS_ON_GRAPHS = {
  title: "Faults of chaos experiments",
  expr: "1000 * goldenring_fault_begun_timestamp_seconds",
} as const;
