import { QueryTimeout } from "./connection.ts";
import { NoPrimary } from "./primary.ts";

/**
 * What to do about a failed statement.
 * - `retry`: the server or the network is in trouble, or the node is not the primary; the same statement may succeed
 *   elsewhere or later. Its outcome may be unknown, so only idempotent statements may be sent again.
 * - `refused`: the data break a rule of the database; sending them again does not help.
 * - `broken`: anything else, such as a missing table or a missing permission.
 */
export type Failure = "retry" | "refused" | "broken";

/** SQLSTATE classes and codes worth another try, from PostgreSQL's appendix A. */
const RETRYABLE_CLASSES = new Set([
  "08", // connection exception
  "40", // transaction rollback: serialization failure, deadlock
  "53", // insufficient resources: disk full, too many connections
  "57", // operator intervention: admin shutdown, crash shutdown, cannot connect now, cancelled
  "58", // system error, such as an I/O error
  "XX", // internal error, seen while a server goes down
]);
const RETRYABLE_CODES = new Set([
  "25006", // read-only transaction: a demoted primary
  "25P03", // idle in transaction timeout
  "25P04", // transaction timeout
  "55P03", // lock not available
  "55000", // object not in prerequisite state: recovery is in progress
]);

export function classifyFailure(error: unknown): Failure {
  const state = sqlState(error);
  if (state === undefined) return "retry"; // sockets, timeouts, no primary: no database refused anything
  if (RETRYABLE_CODES.has(state) || RETRYABLE_CLASSES.has(state.slice(0, 2))) return "retry";
  return state.startsWith("22") || state.startsWith("23") ? "refused" : "broken";
}

/** The five-character SQLSTATE of an error that a PostgreSQL server sent, else undefined. */
export function sqlState(error: unknown): string | undefined {
  if (error instanceof QueryTimeout || error instanceof NoPrimary || !(error instanceof Error)) return undefined;
  const { code, severity } = error as { code?: unknown; severity?: unknown };
  return typeof code === "string" && typeof severity === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}
