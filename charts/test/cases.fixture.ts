import type { Values } from "./helm.fixture.ts";

const DATABASE = { existingSecret: "weather-db" };

/** Values whose objects are compared with the golden files. Together they have each switch on and off. */
export const CASES: Readonly<Record<string, Values>> = {
  minimal: { database: DATABASE },
  demo: { demo: { enabled: true }, podDisruptionBudget: { enabled: true }, autoscaling: { enabled: true } },
  everything: {
    fullnameOverride: "forecast",
    image: {
      repository: "registry.example/weather",
      digest: `sha256:${"0123456789abcdef".repeat(4)}`,
      pullPolicy: "Always",
    },
    imagePullSecrets: [{ name: "registry" }],
    database: { ...DATABASE, secretKey: "uri", ca: { existingSecret: "weather-db-ca" }, sampleData: true },
    migration: { existingSecret: "weather-owner" },
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: "500m", memory: "256Mi" } },
    autoscaling: { enabled: true, requestsInFlight: 20, behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } },
    config: { WRITE_QUEUE_LIMIT: 1_000_000, READ_BARRIER: "on", TRUST_PROXY: "10.0.0.0/8" },
    apiKeys: { existingSecret: "weather-keys" },
    rollout: { maxSurge: "50%", maxUnavailable: "25%", recreatePods: true },
    podDisruptionBudget: { minAvailable: "50%" },
    topologySpread: { nodes: "DoNotSchedule", zones: "" },
    nodeSelector: { disk: "ssd" },
    tolerations: [{ key: "weather", operator: "Exists" }],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    priorityClassName: "high",
    service: { type: "NodePort", nodePort: 30_080, externalTrafficPolicy: "Local", annotations: { a: "b" } },
    ingress: {
      enabled: true,
      className: "nginx",
      hosts: ["weather.example", "www.weather.example"],
      tlsSecret: "tls",
      annotations: { a: "b" },
    },
    httpRoute: {
      enabled: true,
      parentRefs: [{ name: "web", namespace: "gateways" }],
      hostnames: ["weather.example"],
      annotations: { a: "b" },
    },
    networkPolicy: {
      enabled: true,
      callers: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "ingress" } } }],
      databasePeers: [{ ipBlock: { cidr: "10.9.0.0/16" } }],
      databasePorts: [5432, 6432],
    },
    serviceMonitor: { enabled: true, job: "forecast", labels: { release: "prometheus" } },
    prometheusRule: { enabled: true, labels: { release: "prometheus" } },
    serviceAccount: { name: "forecast", annotations: { a: "b" } },
    podLabels: { team: "weather" },
    podAnnotations: { a: "b" },
  },
  bare: {
    nameOverride: "api",
    database: { url: "postgres://weather:secret@db:5432/weather", ca: { existingConfigMap: "ca" } },
    replicas: 1,
    resources: { limits: { memory: "1Gi" } },
    shutdown: { preStopSeconds: 0, delayMs: 0, graceMs: 500 },
    podDisruptionBudget: { enabled: false },
    topologySpread: { nodes: "", zones: "" },
    ingress: { enabled: true },
    serviceAccount: { create: false },
    test: { write: false },
  },
};
