import type { Connection } from "./connection.ts";

/** The cities of the Golden Ring, in the order that gives them the ids 1 to 9. */
export const CITIES =
  "Сергиев Посад, Переславль-Залесский, Ростов Великий, Углич, Ярославль, Кострома, Иваново, Суздаль, Владимир".split(
    ", ",
  );
const DAYS = 10;
const VALUES_PER_DAY = 8;
const HOUR_MS = 3_600_000;

/**
 * Fills empty tables with the sample data: cities 1 to 9 and values 1 to 720 without gaps, 8 a day for 10 days from
 * today. Does nothing if a table has a row. Run it inside the migration's transaction, so that replicas that start
 * together seed once.
 */
export async function seedSampleData(connection: Connection, now: Date, deadlineMs: number): Promise<void> {
  const [row] = await connection.query(
    "SELECT EXISTS (SELECT FROM public.cities) OR EXISTS (SELECT FROM public.forecast)",
    [],
    deadlineMs,
  );
  if (row?.[0] !== "f") return;
  await connection.query(
    "INSERT INTO public.cities (id, name) SELECT id, name FROM unnest($1::text[]) WITH ORDINALITY AS city (name, id)",
    [CITIES],
    deadlineMs,
  );
  await connection.query(
    `INSERT INTO public.forecast (id, "cityId", "dateTime", temperature, summary)
     SELECT id, "cityId", "dateTime", temperature, summary
     FROM ROWS FROM (jsonb_to_recordset($1) AS ("cityId" bigint, "dateTime" bigint, temperature int, summary text))
       WITH ORDINALITY AS value ("cityId", "dateTime", temperature, summary, id)`,
    [JSON.stringify(sampleValues(now))],
    deadlineMs,
  );
  await connection.query(
    `SELECT setval(pg_get_serial_sequence('public.cities', 'id'), (SELECT max(id) FROM public.cities)),
            setval(pg_get_serial_sequence('public.forecast', 'id'), (SELECT max(id) FROM public.forecast))`,
    [],
    deadlineMs,
  );
}

function sampleValues(now: Date) {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  return CITIES.flatMap((_, cityIndex) => {
    let weather = 0;
    return Array.from({ length: DAYS * VALUES_PER_DAY }, (_, index) => {
      const dateTime = today + (index * 24 * HOUR_MS) / VALUES_PER_DAY;
      weather = weather * 0.9 + (Math.random() - 0.5) * 3;
      const temperature = Math.round(usualTemperature(new Date(dateTime)) + weather);
      return { cityId: cityIndex + 1, dateTime, temperature, summary: summaryOf(temperature) };
    });
  });
}

/** Degrees Celsius by season and hour, close enough to the region's climate for a chart that looks like weather. */
function usualTemperature(time: Date): number {
  const dayOfYear = (time.getTime() - Date.UTC(time.getUTCFullYear(), 0, 1)) / (24 * HOUR_MS);
  const season = 5 + 14 * Math.cos(((dayOfYear - 197) / 365) * 2 * Math.PI);
  const hour = 3 * Math.cos(((time.getUTCHours() - 12) / 24) * 2 * Math.PI);
  return season + hour;
}

/** Each below so many degrees. */
const SUMMARIES = { Freezing: -15, Frosty: -5, Chilly: 3, Cool: 12, Mild: 19, Warm: 25 };

function summaryOf(temperature: number): string {
  return Object.entries(SUMMARIES).find(([, below]) => temperature < below)?.[0] ?? "Hot";
}
