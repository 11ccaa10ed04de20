import { ALERTMANAGER_DASHBOARD } from "./alertmanager.ts";
import { ETCD } from "./etcd.ts";
import { GOLDEN_SIGNALS } from "./golden-signals.ts";
import { HAPROXY } from "./haproxy.ts";
import { KUBERNETES } from "./kubernetes.ts";
import { NODES } from "./nodes.ts";
import type { Dashboard, DashboardSource } from "./panels.ts";
import { PATRONI } from "./patroni.ts";
import { POSTGRESQL } from "./postgresql.ts";
import { PROBES } from "./probes.ts";
import { PROMETHEUS } from "./prometheus.ts";
import { SERVICE_LEVELS_DASHBOARD } from "./service-levels.ts";

/** Every dashboard of the stand by its name: from what users see to what watches. */
const SOURCES: Readonly<Record<string, DashboardSource & { readonly title: string }>> = {
  "golden-signals": { title: "Golden signals of the API", ...GOLDEN_SIGNALS },
  slo: { title: "Service levels and their error budgets", ...SERVICE_LEVELS_DASHBOARD },
  probes: { title: "Probes", ...PROBES },
  haproxy: { title: "HAProxy", ...HAPROXY },
  patroni: { title: "PostgreSQL and Patroni", ...PATRONI },
  postgresql: { title: "PostgreSQL database", ...POSTGRESQL },
  etcd: { title: "etcd", ...ETCD },
  nodes: { title: "Machines", ...NODES },
  kubernetes: { title: "Kubernetes", ...KUBERNETES },
  alertmanager: { title: "Alerts and Alertmanager", ...ALERTMANAGER_DASHBOARD },
  prometheus: { title: "Prometheus", ...PROMETHEUS },
};

export const DASHBOARDS: readonly Dashboard[] = Object.entries(SOURCES).map(([name, source]) => ({ name, ...source }));
