import type { Registry } from "prom-client";
import type { Operation, Route } from "./route.ts";

/** Health checks, metrics and the OpenAPI document. */
export function operationsRoutes(sources: {
  readonly ready: () => boolean;
  /** What keeps it from becoming ready, if that is known. */
  readonly waitsFor: () => string | undefined;
  readonly registry: Registry;
  readonly openApi: () => string;
}): Route[] {
  const health = (healthy: boolean, reason?: string): Response =>
    new Response(healthy ? "Healthy" : reason === undefined ? "Unhealthy" : `Unhealthy: ${reason}`, {
      status: healthy ? 200 : 503,
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  const { registry } = sources;
  return [
    get("/healthz/live", { summary: "The process answers", handler: () => health(true) }),
    get("/healthz/ready", {
      summary: "The data are loaded, whether or not the database is available now",
      errors: { 503: "not loaded yet, or stopping" },
      handler: () => health(sources.ready(), sources.waitsFor()),
    }),
    get("/metrics", {
      summary: "Metrics in Prometheus' text format",
      handler: async () =>
        new Response(await registry.metrics(), {
          headers: { "content-type": registry.contentType, "cache-control": "no-store" },
        }),
    }),
    get("/swagger/v1/swagger.json", {
      summary: "This document",
      answers: "application/openapi+json",
      handler: () =>
        new Response(sources.openApi(), { headers: { "content-type": "application/json; charset=utf-8" } }),
    }),
  ];
}

function get(template: string, operation: Omit<Operation, "tag" | "answers"> & Partial<Operation>): Route {
  return { template, operations: { GET: { tag: "Operations", answers: "text/plain", ...operation } } };
}
