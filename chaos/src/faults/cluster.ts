import * as z from "zod";
import { faultKind, form, mustHave, mustHold, on } from "./fault.ts";
import { transientLoad } from "./resources.ts";

/** A planned change of the primary. There is nothing to undo: the former primary follows. */
export const switchover = faultKind({
  form: z.object({ fault: z.literal("switchover"), on: on.default("primary"), to: on.default("replica") }),
  about: "makes another machine the primary, as an operator does (patronictl switchover)",
  describe: () => "hands over to the replica",
  async prepare({ to }, machine, site) {
    const [candidate] = site.resolve(to);
    return {
      by: "machine",
      slot: "switchover",
      inject: `patronictl switchover --leader ${machine.name} --candidate ${candidate} --force`,
      undo: ":",
      gone: ":",
      mayEndEarly: true,
    };
  },
});

/** Those that others than superusers can still get. @param quote of SQL, as the text around it needs it */
const freeSlots = (quote: string): string => {
  const setting = (name: string): string => `current_setting(${quote}${name}${quote})::int`;
  return `SELECT ${setting("max_connections")} - ${setting("superuser_reserved_connections")} - ${setting("reserved_connections")} - count(*)::int FROM pg_stat_activity WHERE backend_type = ${quote}client backend${quote}`;
};

/** Takes what is free, again and again: what others give back is taken, too. */
const TAKES_SLOTS = `
import psycopg2, time
def connect():
    connection = psycopg2.connect("host=/run/postgresql dbname=postgres")
    connection.autocommit = True
    return connection
while True:
    try:
        held = [connect()]
        while True:
            cursor = held[0].cursor()
            cursor.execute("${freeSlots("\\x27")}")
            held += [connect() for _ in range(cursor.fetchone()[0])]
            time.sleep(0.2)
    except psycopg2.Error:
        time.sleep(0.2)
`;

/** Connections that are open stay; new ones are refused, but for the few slots of superusers: Patroni has those. */
export const connections = faultKind({
  form: form("connections", {}),
  about: "takes all connection slots of a machine's PostgreSQL, but those reserved for superusers",
  describe: () => "all connection slots of its PostgreSQL are taken",
  async prepare(_, machine) {
    await mustHold(machine, "python3 -c 'import psycopg2'", "python3-psycopg2 is not installed there");
    const free = `runuser -u postgres -- psql -XAtqc "${freeSlots("'")}"`;
    await mustHold(machine, free, "its PostgreSQL does not answer");
    const load = transientLoad("connections", `--property=User=postgres python3 -c '${TAKES_SLOTS}'`);
    const taken = `n=0; until [ "$(${free})" -le 0 ]; do n=$((n + 1)); [ $n -lt 60 ] || exit 1; sleep 0.5; done`;
    return { ...load, inject: `${load.inject} && ${taken}`, mayEndEarly: true };
  },
});

const ALARMS = "ring-etcdctl alarm list";

/** As if a member's database had reached its quota. Reads, deletes and keys with a lease that lives go on; writes and new leases are refused. */
export const etcdAlarm = faultKind({
  form: form("etcd-alarm", {}),
  about: "raises etcd's alarm NOSPACE: every member refuses writes until it is disarmed",
  describe: () => "etcd's alarm NOSPACE is raised",
  async prepare(_, machine) {
    await mustHave(machine, "ring-etcdctl");
    await mustHave(machine, "curl");
    await mustHold(machine, `[ -z "$(${ALARMS})" ]`, "an alarm of etcd is raised already");
    // etcdctl only disarms. The JSON interface takes no certificate with a name, as root's.
    const raise = `curl --fail --silent --show-error --max-time 10 --cacert /etc/etcd/tls/servers-ca.crt --cert /etc/etcd/tls/gateway.crt --key /etc/etcd/tls/gateway.key --data "{\\"action\\":\\"ACTIVATE\\",\\"memberID\\":\\"$member\\",\\"alarm\\":\\"NOSPACE\\"}" https://${machine.address}:2379/v3/maintenance/alarm`;
    return {
      by: "machine",
      slot: "etcd-alarm",
      inject: `member=$(ring-etcdctl endpoint status --write-out=fields | sed -n 's/^"MemberID" : //p'); ${raise} >/dev/null && ${ALARMS} | grep -q NOSPACE`,
      undo: "ring-etcdctl alarm disarm >/dev/null",
      gone: `! ${ALARMS} | grep -q NOSPACE`,
    };
  },
});
