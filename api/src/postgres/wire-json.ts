/**
 * SQL expressions that render a row as the exact JSON bytes that clients get. PostgreSQL does this work: the read model
 * keeps the bytes and never parses them, which is most of why a replica with a quarter of a core is ready within a
 * second. `wire-json.test.ts` holds these against JSON.stringify.
 */
export const CITY_JSON = `'{"id":' || id || ',"name":' || coalesce(to_json(name)::text, '""') || '}'`;

export const FORECAST_JSON = `'{"id":' || id || ',"cityId":' || coalesce("cityId", 0) || ',"dateTime":' || coalesce("dateTime", 0)
  || ',"temperature":' || coalesce(temperature, 0) || ',"summary":' || coalesce(to_json(summary)::text, 'null') || '}'`;
