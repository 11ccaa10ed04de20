/** Drawn across the graphs of every dashboard. */
export const ALERTS_ON_GRAPHS = {
  title: "Alerts",
  expr: 'ALERTS{alertstate="firing", severity=~"critical|warning"}',
} as const;
