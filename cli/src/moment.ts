/** A moment to restore to. */
export interface Moment {
  /** For the playbook: with the zone, and every digit of the second that was given. */
  readonly text: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const MOMENT = /^(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d(?::\d\d)?)(\.\d{1,6})?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i;

/** `2026-01-31 12:00:00`, of this computer's time zone where it names none; undefined where it is no moment. */
export function momentOf(text: string): Moment | undefined {
  const [, date, time = "", fraction = "", zone] = MOMENT.exec(text.trim()) ?? [];
  if (date === undefined) return undefined;
  const at = new Date(`${date}T${time}${fraction}${zone === undefined ? "" : offsetOf(zone)}`);
  // JavaScript takes the 31st of February for a day in March.
  const day = new Date(`${date}T00:00Z`);
  if (Number.isNaN(at.getTime()) || !day.toISOString().startsWith(date)) return undefined;
  const utc = at.toISOString().slice(0, 19).replace("T", " ");
  return { text: `${utc}${fraction}+00:00`, at: at.getTime() };
}

function offsetOf(zone: string): string {
  const [, sign, hours, minutes = "00"] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return sign === undefined ? "Z" : `${sign}${hours}:${minutes}`;
}

/** `2026-01-31 11:00:00 UTC = 2026-01-31 12:00:00 GMT+1 on this computer`: who named a moment sees whether the zone was right. */
export function momentText({ at }: Moment): string {
  const there = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "long" }).format(at);
  return `${new Date(at).toISOString().slice(0, 19).replace("T", " ")} UTC = ${there} on this computer`;
}
