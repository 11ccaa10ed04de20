import { readFileSync } from "node:fs";
import { z } from "zod";
import { monotonicMs } from "../clock.ts";
import { Journal } from "../history/lines.ts";
import { type Exchange, HttpConnection } from "../http/connection.ts";
import type { RoleSample, RolesEntry } from "../roles/verdict.ts";
import { bodyAs } from "./answers.ts";
import { follow, untilEither } from "./clients.ts";
import type { RolesPlan } from "./plan.ts";

/** The part of Patroni's `GET /patroni` that matters here. */
const PatroniStatus = z.object({ role: z.string(), state: z.string(), timeline: z.int().optional() });

/** Asks every node for its role until the signal comes or the time is over. Each node has a schedule of its own. */
export async function sampleRoles(plan: RolesPlan, interrupted: AbortSignal): Promise<void> {
  const { nodes, out, intervalMs, maxSeconds, deadlineMs, caFile } = plan;
  const tls = caFile === undefined ? {} : { ca: readFileSync(caFile, "utf8") };
  const journal = new Journal<RolesEntry>(out);
  const over = untilEither(interrupted, maxSeconds);
  const from = monotonicMs();
  const names = nodes.map(({ name }) => name);
  journal.write({ e: "roles", version: 1, nodes: names, intervalMs, at: from, wallClock: new Date().toISOString() });
  await Promise.all(
    nodes.map(({ name, url }) => {
      const connection = new HttpConnection(url, tls);
      const act = async (): Promise<void> => journal.write(await sample(name, connection, deadlineMs));
      return follow({ from, intervalMs, act, onSkipped: () => {} }, over).finally(() => connection.close());
    }),
  );
  journal.close();
}

async function sample(node: string, connection: HttpConnection, deadlineMs: number): Promise<RoleSample> {
  const start = monotonicMs();
  const exchange = await connection.request({ method: "GET", path: "/patroni", deadlineMs });
  return { e: "sample", node, start, end: monotonicMs(), ...roleIn(exchange) };
}

function roleIn(exchange: Exchange): Pick<RoleSample, "role" | "state" | "timeline" | "error"> {
  if (!exchange.answered) return { error: exchange.error };
  const body = bodyAs(z.json(), exchange.body);
  if (body === undefined) return { error: `${exchange.status}, and no JSON` };
  const { data: status } = PatroniStatus.safeParse(body);
  // Patroni before 4.0 says master.
  if (status?.role === "master") return { ...status, role: "primary" };
  return status ?? { error: `${exchange.status}, and no status of Patroni` };
}
