import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseConnectionString, parseDatabaseUrl } from "./connection-string.ts";

/** Text without halves of surrogate pairs, which no URL and no file of settings can hold. */
const anyText = fc.string({ unit: "binary", maxLength: 30 });
const SPECIAL = fc.string({ unit: fc.constantFrom(..."@:/?#%;='\"\\ ,&+[]ü\u{1f327}a1"), maxLength: 20 });
const password = fc.oneof(anyText, SPECIAL);

function messageOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return "";
}

describe("a database URL", () => {
  test("names several hosts in order, each with a port or the usual one", () => {
    expect(parseDatabaseUrl("postgres://weather:secret@10.0.0.1:5000,pg-01,[fd00::1]:5433,[::1]/weather")).toEqual({
      endpoints: [
        { host: "10.0.0.1", port: 5000 },
        { host: "pg-01", port: 5432 },
        { host: "fd00::1", port: 5433 },
        { host: "::1", port: 5432 },
      ],
      database: "weather",
      user: "weather",
      password: "secret",
      tls: { mode: "disable" },
      channelBinding: "disable",
    });
  });

  test("may be without a password, without a user, and begin with postgresql", () => {
    expect(parseDatabaseUrl("postgresql://me@h/d")).toMatchObject({ user: "me", password: "" });
    expect(parseDatabaseUrl("postgres://h/d")).toMatchObject({ user: "", password: "" });
    expect(parseDatabaseUrl("postgres://me:@h/d")).toMatchObject({ user: "me", password: "" });
  });

  test("says how to encrypt", () => {
    const tls = (query: string) => parseDatabaseUrl(`postgres://u:p@h/d${query}`).tls;
    expect(tls("?sslmode=disable")).toEqual({ mode: "disable" });
    expect(tls("?sslmode=require")).toEqual({ mode: "require" });
    expect(tls("?sslmode=verify-full")).toEqual({ mode: "verify-full" });
    expect(tls("?sslmode=verify-full&sslrootcert=/etc/ca%20file.pem")).toEqual({
      mode: "verify-full",
      caFile: "/etc/ca file.pem",
    });
    for (const mode of ["prefer", "verify-ca", "allow", ""]) expect(() => tls(`?sslmode=${mode}`)).toThrow("sslmode");
  });

  test("gives back any name and password that were encoded", () => {
    fc.assert(
      fc.property(
        anyText,
        password,
        anyText.filter((name) => name !== ""),
        (user, secret, database) => {
          const [u, p, d] = [user, secret, database].map(encodeURIComponent);
          expect(parseDatabaseUrl(`postgres://${u}:${p}@h:1,i:2/${d}`)).toMatchObject({
            endpoints: [
              { host: "h", port: 1 },
              { host: "i", port: 2 },
            ],
            user,
            password: secret,
            database,
          });
        },
      ),
    );
  });

  test("that is not valid is refused with the form that it must have", () => {
    for (const url of [
      "",
      "postgres://",
      "postgres://h",
      "postgres://h/",
      "mysql://u:p@h/d",
      "http://h/d",
      "h:5432/d",
      "postgres://u:p@/d",
      "postgres://u:p@h/d/e",
    ]) {
      expect(messageOf(() => parseDatabaseUrl(url))).toContain("must look like postgres://user:password@host:5432/");
    }
    for (const hosts of ["h:0", "h:65536", "h:x", "h:", "h,,i", "h,", "::1", "[::1", "a b"]) {
      expect(messageOf(() => parseDatabaseUrl(`postgres://u:p@${hosts}/d`))).toMatch(/port|host \d/);
    }
    expect(messageOf(() => parseDatabaseUrl("postgres://u:%zz@h/d"))).toBe(
      "the password has a % that does not start a %XX",
    );
  });

  test("whose password is not encoded is understood as it is meant or refused, but shows no part of it", () => {
    fc.assert(
      fc.property(SPECIAL, (noise) => {
        const secret = `KEEP${noise}THIS`;
        const check = (url: string): void => {
          let parsed: ReturnType<typeof parseDatabaseUrl> | undefined;
          const message = messageOf(() => {
            parsed = parseDatabaseUrl(url);
          });
          expect(message).not.toMatch(/KEEP|THIS/);
          // Hosts and the database's name stand in logs.
          expect(JSON.stringify([parsed?.endpoints, parsed?.database, parsed?.user])).not.toMatch(/KEEP|THIS/);
        };
        check(`postgres://u:${secret}@h:5432/d`);
        check(`postgres://u:${secret}@h:5432/d?sslmode=disable`);
        check(`postgres://u:${secret}@h:5432/d?sslmode=wrong`);
      }),
    );
    for (const url of ["postgres://u:SECRET/d", "postgres://u:99999/d", "postgres://u:SECRET@h:x/d", "u:SECRET@h/d"]) {
      const message = messageOf(() => parseDatabaseUrl(url));
      expect(message).not.toBe("");
      expect(message).not.toMatch(/SECRET|99999/);
    }
  });
});

describe("a connection string of the original service", () => {
  test("is read as the original's documentation writes it", () => {
    expect(
      parseConnectionString("Server=10.0.0.5;Port=5000;Database=weather;User Id=postgres;Password=secret"),
    ).toEqual({
      endpoints: [{ host: "10.0.0.5", port: 5000 }],
      database: "weather",
      user: "postgres",
      password: "secret",
      tls: { mode: "disable" },
      channelBinding: "disable",
    });
  });

  test("takes its keys in any case, order and spelling that .NET takes", () => {
    for (const text of [
      "password=p;userid=u;DATABASE=d;host=h;",
      " Pwd = p ; Username = u ; Db = d ; Data Source = h ; Pooling=true ",
      "UID=u;PWD=p;Server=h;Database=d;Timeout=15",
    ]) {
      expect(parseConnectionString(text)).toMatchObject({
        endpoints: [{ host: "h", port: 5432 }],
        database: "d",
        user: "u",
        password: "p",
      });
    }
  });

  test("may list several servers, whose common port is Port", () => {
    expect(parseConnectionString("Server=a,b:6000,[::1]:1;Port=5001;Database=d;User Id=u").endpoints).toEqual([
      { host: "a", port: 5001 },
      { host: "b", port: 6000 },
      { host: "::1", port: 1 },
    ]);
  });

  test("says how to encrypt in .NET's words", () => {
    const tls = (mode: string) => parseConnectionString(`Server=h;Database=d;User Id=u;${mode}`).tls;
    expect(tls("SSL Mode=Require")).toEqual({ mode: "require" });
    expect(tls("SslMode=VerifyFull;Root Certificate=/ca.pem")).toEqual({ mode: "verify-full", caFile: "/ca.pem" });
    expect(tls("Ssl Mode=Disable")).toEqual({ mode: "disable" });
    expect(() => tls("SSL Mode=Prefer")).toThrow("sslmode");
  });

  test("gives back any password in quotes, and any without semicolons, quotes and blanks around it bare", () => {
    const parse = (written: string) =>
      parseConnectionString(`Server=h;Password=${written};Database=d;User Id=u`).password;
    fc.assert(
      fc.property(password, (secret) => {
        expect(parse(`"${secret.replaceAll('"', '""')}"`)).toBe(secret);
        expect(parse(`'${secret.replaceAll("'", "''")}'`)).toBe(secret);
        if (!/^\s|\s$|;|^["']/.test(secret)) expect(parse(secret)).toBe(secret);
      }),
    );
    expect(parse("a=b==")).toBe("a=b==");
  });

  test("that lacks a part or has a wrong one is refused without showing the password", () => {
    for (const text of [
      "",
      "SECRET",
      "Password=SECRET",
      "Server=h;User Id=u;Password=SECRET",
      "Server=h;Database=d;Password=SECRET",
      "Database=d;User Id=u;Password=SECRET",
      "Server=h;Port=x;Database=d;User Id=u;Password=SECRET",
      "Server=h;Port=0;Database=d;User Id=u;Password=SECRET",
      "Server=h h;Database=d;User Id=u;Password=SECRET",
      "Server=h;Database=d;User Id=u;Password=SECRET;SSL Mode=x",
      "postgres://u:SECRET@h/d",
    ]) {
      const message = messageOf(() => parseConnectionString(text));
      expect(message).toMatch(/must|port/);
      expect(message).not.toContain("SECRET");
    }
  });
});
