import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chownSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runToEnd } from "../src/embedded/processes.ts";
import { Connection } from "../src/postgres/connection.ts";
import { parseDatabaseUrl } from "../src/postgres/connection-string.ts";
import { startThrowawayCluster, type ThrowawayCluster } from "./throwaway-cluster.ts";

const TEST_DEADLINE_MS = 60_000;
setDefaultTimeout(TEST_DEADLINE_MS);

const OPEN = { deadlineMs: 5_000, applicationName: "test" };

describe("how the API logs in to its database", () => {
  let cluster: ThrowawayCluster;
  let folder: string;

  beforeAll(async () => {
    cluster = await startThrowawayCluster();
    folder = dirname(cluster.logFile);
    await makeCertificate(folder);
    // Each role meets another way to log in, as an impostor with a valid certificate could ask for it.
    await cluster.execute("CREATE ROLE scram LOGIN PASSWORD 'secret'");
    await cluster.execute("CREATE ROLE clear LOGIN PASSWORD 'secret'");
    await cluster.execute("CREATE ROLE trusted LOGIN PASSWORD 'secret'");
    await cluster.execute("SET password_encryption = 'md5'; CREATE ROLE hashed LOGIN PASSWORD 'secret'");
    const rows = ["hostssl all scram all scram-sha-256", "host all clear all password", "host all trusted all trust"];
    const rules = [...rows, "host all hashed all md5", "host all all all scram-sha-256", ""];
    writeFileSync(join(folder, "hba.conf"), rules.join("\n"));
    const owner = statSync(cluster.logFile);
    for (const name of ["hba.conf", "server.key", "server.crt"]) chownSync(join(folder, name), owner.uid, owner.gid);
    for (const [setting, value] of [
      ["ssl", "on"],
      ["ssl_cert_file", join(folder, "server.crt")],
      ["ssl_key_file", join(folder, "server.key")],
      ["hba_file", join(folder, "hba.conf")],
    ])
      await cluster.execute(`ALTER SYSTEM SET ${setting} = '${value}'`);
    await cluster.restart();
  }, TEST_DEADLINE_MS);
  afterAll(() => cluster.remove(), TEST_DEADLINE_MS);

  const login = async (user: string, options: string): Promise<string> => {
    const ca = encodeURIComponent(join(folder, "server.crt"));
    const config = parseDatabaseUrl(`postgres://${user}:secret@127.0.0.1/postgres?${options.replace("CA", ca)}`);
    try {
      const connection = await Connection.open(config, { host: "127.0.0.1", port: cluster.port }, OPEN);
      const [row] = await connection.query("SELECT current_user", [], 5_000);
      await connection.close();
      return `logged in as ${row?.[0]}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  };
  const BOUND = "sslmode=verify-full&sslrootcert=CA&channel_binding=require";

  test("with channel binding it proves itself to the server that it has a TLS connection with", async () => {
    expect(await login("scram", BOUND)).toBe("logged in as scram");
  });

  test.each([
    ["clear", "in clear text"],
    ["hashed", "as an MD5 hash"],
    ["trusted", "not at all"],
  ])("with channel binding, no server gets the password of %s, which it asks for %s", async (user, how) => {
    expect(await login(user, BOUND)).toContain(`the server asks for the password ${how}`);
  });

  test("the password crosses no connection in clear text where the server is not known", async () => {
    expect(await login("clear", "sslmode=disable")).toContain("in clear text");
    expect(await login("clear", "sslmode=require")).toContain("in clear text");
    expect(await login("clear", "sslmode=verify-full&sslrootcert=CA")).toBe("logged in as clear");
  });

  test("foreign servers with other logins work", async () => {
    expect(await login("hashed", "sslmode=disable")).toBe("logged in as hashed");
    expect(await login("scram", "sslmode=verify-full&sslrootcert=CA")).toBe("logged in as scram");
  });
});

async function makeCertificate(folder: string): Promise<void> {
  const { code, output } = await runToEnd([
    ...["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"],
    ...["-subj", "/CN=server", "-addext", "subjectAltName=IP:127.0.0.1"],
    ...["-keyout", join(folder, "server.key"), "-out", join(folder, "server.crt")],
  ]);
  if (code !== 0) throw new Error(output);
}
