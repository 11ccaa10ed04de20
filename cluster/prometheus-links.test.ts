import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";

const PAGE = readFileSync(new URL("roles/prometheus/files/to-classic.html", import.meta.url), "utf8");

test.each([
  ["/graph", "?g0.expr=up+%3D%3D+0&g0.tab=1", "/classic/graph?g0.expr=up+%3D%3D+0&g0.tab=1"],
  ["/alerts", "", "/classic/alerts"],
  ["/behind/a/proxy/graph", "?g0.expr=up", "/behind/a/proxy/classic/graph?g0.expr=up"],
])("the link of an alert to %s leads to the page that Debian's Prometheus has", (pathname, search, expected) => {
  const [, script = ""] = /<script>(.*)<\/script>/s.exec(PAGE) ?? [];
  const visited: string[] = [];
  new Function("location", script)({ pathname, search, replace: (url: string) => visited.push(url) });
  expect(visited).toEqual([expected]);
});
