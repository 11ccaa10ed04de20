import { bad, type DashboardSource, good, lines, machineOf, neutral, states } from "./panels.ts";
import { Series, seriesOfJob } from "./promql.ts";

/** What the kubelet measures of containers. */
const CONTAINER = seriesOfJob("kubelet");
const STATE = new Series('job="kube-state-metrics"');
const API_SERVER = new Series('job="apiserver"');

const BY_CONTAINER = "sum by (pod, container)";
const ofContainer = (expr: string): string => `${BY_CONTAINER} (${expr})`;

export const KUBERNETES: DashboardSource = {
  description: "Nodes, pods, deployments and the API server, where the API runs on Kubernetes. Otherwise it is empty.",
  variables: [machineOf('up{job="kubelet"}')],
  sections: {
    "Nodes and deployments": [
      states("Node status: Ready", "Whether the kubelet reports that the node can run pods.", {
        switch: STATE.with('condition="Ready", status="true"').values("kube_node_status_condition", "max by (node)"),
        states: [bad("not ready"), good("ready")],
      }),
      states("Node unschedulable", "A node that takes no pods: it is drained, or was and nobody has taken that back.", {
        switch: STATE.values("kube_node_spec_unschedulable", "max by (node)"),
        states: [good("takes pods"), neutral("takes none")],
      }),
      lines("Deployment replicas", "spec: as many as it asks for. During a rollout, updated grows from 1 to spec.", {
        count: STATE.values(
          {
            spec: "kube_deployment_spec_replicas",
            available: "kube_deployment_status_replicas_available",
            updated: "kube_deployment_status_replicas_updated",
          },
          "max by (deployment)",
        ),
      }),
      states("Deployment status: Progressing", "false: a rollout did not go on in time.", {
        switch: STATE.with('condition="Progressing", status="true"').values(
          "kube_deployment_status_condition",
          "max by (deployment)",
        ),
        states: [bad("stuck"), good("done or going on")],
      }),
      lines("Horizontal pod autoscaler: replicas", "At max it may add no more.", {
        count: STATE.values(
          {
            min: "kube_horizontalpodautoscaler_spec_min_replicas",
            desired: "kube_horizontalpodautoscaler_status_desired_replicas",
            current: "kube_horizontalpodautoscaler_status_current_replicas",
            max: "kube_horizontalpodautoscaler_spec_max_replicas",
          },
          "max by (horizontalpodautoscaler)",
        ),
      }),
    ],
    Pods: [
      states("Container status: ready", "Whether it gets requests.", {
        switch: STATE.values("kube_pod_container_status_ready", "max by (pod, container)"),
        states: [bad("not ready"), good("ready")],
      }),
      lines("Container restarts", "In an hour. None is normal, also without a database.", {
        count: STATE.increases("1h", "kube_pod_container_status_restarts_total", BY_CONTAINER),
        limits: { warning: 1 },
      }),
      lines(
        "Container status: waiting, last terminated",
        "Why one does not run, or ended before: OOMKilled is memory.",
        {
          count: STATE.values(
            {
              "{{pod}} waiting: {{reason}}": "kube_pod_container_status_waiting_reason",
              "{{pod}} terminated: {{reason}}": "kube_pod_container_status_last_terminated_reason",
            },
            "max by (pod, reason)",
          ),
        },
      ),
      lines("Container CPU usage and limit", "Cores. Above the limit the kernel lets it wait.", {
        count: {
          ...CONTAINER.rates("container_cpu_usage_seconds_total", BY_CONTAINER),
          "{{pod}} {{container}} limit": ofContainer(
            `${CONTAINER.selector("container_spec_cpu_quota")} / ${CONTAINER.selector("container_spec_cpu_period")}`,
          ),
        },
      }),
      lines("Container CPU throttled", "Share of the periods (0.1 s) in which it had to wait for the next one.", {
        share: {
          "{{pod}} {{container}}": `${ofContainer(CONTAINER.rate("container_cpu_cfs_throttled_periods_total"))} / ${ofContainer(CONTAINER.rate("container_cpu_cfs_periods_total"))}`,
        },
        max: 1,
      }),
      lines("Container memory working set and limit", "At the limit the kernel kills it.", {
        bytes: CONTAINER.values(
          { "": "container_memory_working_set_bytes", limit: "container_spec_memory_limit_bytes" },
          BY_CONTAINER,
        ),
      }),
    ],
    "API server": [
      lines("API server requests by response code", "5xx: mostly its etcd. 429: too many at once.", {
        "requests/s": API_SERVER.rates("apiserver_request_total", "sum by (code)"),
        isStacked: true,
      }),
      lines("API server request duration, mean by verb", "A watch lasts for minutes.", {
        seconds: API_SERVER.with('verb!="WATCH"').mean("apiserver_request_duration_seconds", "verb"),
      }),
      lines("API server requests in flight", "By kind: those that change something, and those that only read.", {
        count: API_SERVER.values("apiserver_current_inflight_requests", "sum by (request_kind)"),
      }),
      lines("API server process: CPU", "Cores.", { count: API_SERVER.rates("process_cpu_seconds_total") }),
      lines("API server process: resident memory", "Most of it is what it keeps of the objects.", {
        bytes: API_SERVER.values("process_resident_memory_bytes"),
      }),
      lines("Client certificate expiration", "Requests with a certificate that ends within 7 or 30 days.", {
        "requests/s": API_SERVER.with('le=~"604800.*|2.592e.*"').rates(
          { "within {{le}} s": "apiserver_client_certificate_expiration_seconds_bucket" },
          "sum by (le)",
        ),
      }),
    ],
  },
};
