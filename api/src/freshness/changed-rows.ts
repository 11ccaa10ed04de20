/**
 * SQL of a CTE `changed` (low, high): the transactions that are visible in snapshot `now` and were not visible in snapshot
 * `last`, as ranges of xid8 without overlap, inclusive. A transaction is visible in a snapshot if it is older than its xmax
 * and not in its xip list. So these are the ones of `last`'s list that have ended, and those from `last`'s xmax to `now`'s,
 * except those that are still open. Rows between are not looked at, however long the oldest transaction has been open and
 * however many rows an open one has written.
 *
 * @param last an expression of type pg_snapshot
 * @param now the same
 */
export function changedTransactions(last: string, now: string): string {
  return `changed AS MATERIALIZED (
      SELECT low::text::xid8 AS low, high::text::xid8 AS high FROM (
        SELECT lag(x + 1, 1, pg_snapshot_xmax(${last})::text::bigint) OVER (ORDER BY x) AS low, x - 1 AS high
        FROM (
          SELECT x::text::bigint FROM pg_snapshot_xip(${now}) x WHERE x >= pg_snapshot_xmax(${last})
          UNION ALL
          SELECT pg_snapshot_xmax(${now})::text::bigint) open (x)) ranges
      WHERE low <= high
      UNION ALL
      SELECT x, x FROM pg_snapshot_xip(${last}) x WHERE pg_visible_in_snapshot(x, ${now})
    )`;
}

/**
 * SQL of a FROM item: the rows of a table that the transactions of the CTE `changed` wrote, at most `limit`. LATERAL and the inner
 * LIMIT make the planner look up each range in the index on `version`.
 */
export function changedRowsOf(table: "cities" | "forecast", limit: number): string {
  return `(
      SELECT r.* FROM changed, LATERAL (
        SELECT * FROM public.${table} WHERE version BETWEEN low AND high LIMIT ${limit}) r
      LIMIT ${limit}) ${table}`;
}
