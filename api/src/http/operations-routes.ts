import type { Registry } from "prom-client";
import type { OpenApiVersion } from "./openapi.ts";
import type { Operation, Route } from "./route.ts";

/** Health checks, metrics and the OpenAPI documents. */
export function operationsRoutes(sources: {
  readonly ready: () => boolean;
  /** What keeps it from becoming ready, if that is known. */
  readonly waitsFor: () => string | undefined;
  readonly registry: Registry;
  /** What this replica sees of its database; times in milliseconds. */
  readonly databaseView: () => object;
  readonly openApi: (version: OpenApiVersion) => string;
}): Route[] {
  const health = (healthy: boolean, reason?: string): Response =>
    new Response(healthy ? "Healthy" : reason === undefined ? "Unhealthy" : `Unhealthy: ${reason}`, {
      status: healthy ? 200 : 503,
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  const { registry } = sources;
  const document = (template: string, id: string, version: OpenApiVersion): Route =>
    get(template, {
      id,
      summary: `This description of the API in OpenAPI ${version}`,
      answers: "application/json",
      handler: () =>
        new Response(sources.openApi(version), { headers: { "content-type": "application/json; charset=utf-8" } }),
    });
  return [
    get("/healthz/live", { id: "isLive", summary: "The process answers", handler: () => health(true) }),
    get("/healthz/ready", {
      id: "isReady",
      summary: "The data are loaded, whether or not the database is available now",
      errors: { 503: "not loaded yet, or stopping" },
      handler: () => health(sources.ready(), sources.waitsFor()),
    }),
    get("/healthz/database", {
      id: "getDatabaseView",
      summary: "When the database last answered writes and reads, and what they wait for; for programs that watch it",
      answers: "application/json",
      handler: () => Response.json(sources.databaseView(), { headers: { "cache-control": "no-store" } }),
    }),
    get("/metrics", {
      id: "getMetrics",
      summary: "Metrics in Prometheus' text format",
      handler: async () =>
        new Response(await registry.metrics(), {
          headers: { "content-type": registry.contentType, "cache-control": "no-store" },
        }),
    }),
    document("/swagger/v1/swagger.json", "getOpenApi", "3.1.1"),
    document("/swagger/v1/swagger-3.0.json", "getOpenApi30", "3.0.3"),
  ];
}

function get(template: string, operation: Omit<Operation, "tag" | "answers"> & Partial<Operation>): Route {
  return { template, operations: { GET: { tag: "Operations", answers: "text/plain", ...operation } } };
}
