import type { Registry } from "prom-client";
import type { Route } from "./route.ts";

/** Probes, metrics and the OpenAPI document. */
export function operationsRoutes(sources: {
  readonly ready: () => boolean;
  readonly registry: Registry;
  readonly openApi: () => string;
}): Route[] {
  const health = (healthy: boolean): Response =>
    new Response(healthy ? "Healthy" : "Unhealthy", {
      status: healthy ? 200 : 503,
      headers: { "content-type": "text/plain; charset=utf-8", "cache-control": "no-store" },
    });
  return [
    {
      template: "/healthz/live",
      operations: {
        GET: { summary: "The process answers", tag: "Operations", answers: "text/plain", handler: () => health(true) },
      },
    },
    {
      template: "/healthz/ready",
      operations: {
        GET: {
          summary: "The data are loaded; also while the database is away",
          tag: "Operations",
          answers: "text/plain",
          errors: { 503: "not loaded yet, or stopping" },
          handler: () => health(sources.ready()),
        },
      },
    },
    {
      template: "/metrics",
      operations: {
        GET: {
          summary: "Metrics in Prometheus' text format",
          tag: "Operations",
          answers: "text/plain",
          handler: async () =>
            new Response(await sources.registry.metrics(), {
              headers: { "content-type": sources.registry.contentType, "cache-control": "no-store" },
            }),
        },
      },
    },
    {
      template: "/swagger/v1/swagger.json",
      operations: {
        GET: {
          summary: "This document",
          tag: "Operations",
          answers: "application/openapi+json",
          handler: () =>
            new Response(sources.openApi(), { headers: { "content-type": "application/json; charset=utf-8" } }),
        },
      },
    },
  ];
}
