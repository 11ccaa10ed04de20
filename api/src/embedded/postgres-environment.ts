/** PostgreSQL must not pick up settings (PGDATA, PGOPTIONS, LC_ALL, TZ ...) from the terminal it was started in. */
export function postgresEnvironment(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" };
}
