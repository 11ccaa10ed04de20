import { ALERTMANAGER_DASHBOARD } from "./alertmanager.ts";
import { ETCD } from "./etcd.ts";
import { GOLDEN_SIGNALS } from "./golden-signals.ts";
import { HAPROXY } from "./haproxy.ts";
import { NODES } from "./nodes.ts";
import type { Dashboard } from "./panels.ts";
import { PATRONI } from "./patroni.ts";
import { POSTGRESQL } from "./postgresql.ts";
import { PROBES } from "./probes.ts";
import { PROMETHEUS } from "./prometheus.ts";
import { SERVICE_LEVELS_DASHBOARD } from "./service-levels.ts";

/** Every dashboard of the stand: from what users see to what watches. */
export const DASHBOARDS: readonly Dashboard[] = [
  GOLDEN_SIGNALS,
  SERVICE_LEVELS_DASHBOARD,
  PROBES,
  HAPROXY,
  PATRONI,
  POSTGRESQL,
  ETCD,
  NODES,
  ALERTMANAGER_DASHBOARD,
  PROMETHEUS,
];
