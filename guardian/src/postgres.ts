import { type Machine, Shell } from "@goldenring/stand";

/** PostgreSQL on one machine, by psql there. */
export interface Postgres {
  /** Ends the connections over which a replica gets its changes. @returns how many there were */
  endReplication(replica: string): Promise<number>;
  close(): void;
}

/** Milliseconds. */
const DEADLINE = 1_500;
const KEEP_WARM = 2_000;

/**
 * psql gets the statement by its input, so that its variable is quoted by psql itself; and the folder is one the account may read.
 * Patroni gives every replica its host's name as application_name.
 */
const PSQL = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1 -d postgres";
const STATEMENT =
  "select count(pg_terminate_backend(pid)) from pg_stat_replication where application_name = :'replica';";

export function openPostgres(machine: Machine): Postgres {
  const shell = new Shell(machine, { keepWarmMs: KEEP_WARM });
  return {
    async endReplication(replica) {
      const command = `${PSQL} -v replica=${replica}`;
      const { code, stdout, stderr } = await shell.run(command, { deadlineMs: DEADLINE, input: STATEMENT });
      if (code !== 0) throw new Error(`${machine.name}: exit code ${code}: ${(stderr || stdout).trim()}`);
      return Number.parseInt(stdout, 10);
    },
    close: () => shell.close(),
  };
}
