/** A server of HAProxy in one of its listeners. */
export interface ServerState {
  readonly listener: string;
  readonly server: string;
  /** `UP`, `DOWN`, `UP 1/2` ... */
  readonly state: string;
}

/** A shell command that prints HAProxy's statistics as CSV, on its machine. */
export const SHOW_SERVERS = "echo 'show stat' | socat -t 3 - UNIX-CONNECT:/run/haproxy/admin.sock";

/** @param csv HAProxy's statistics, from its socket or its page; the column of the state is found by its name */
export function serversIn(csv: string): ServerState[] {
  const [head = "", ...rows] = csv.trim().split("\n");
  const column = head.replace(/^# /, "").split(",").indexOf("status");
  return rows.flatMap((row) => {
    const cells = row.split(",");
    const [listener = "", server = ""] = cells;
    const state = cells[column] ?? "";
    return server === "FRONTEND" || server === "BACKEND" || state === "" ? [] : [{ listener, server, state }];
  });
}
