import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { apiUnderTest } from "../client/api-under-test.ts";
import { ask } from "../client/ask.ts";
import { hasForeignClients, INSTALLED, run, SOURCES } from "./clients.fixture.ts";

/** Two of them are compilers of Go, one is of Java. */
const TEST_DEADLINE_MS = 900_000;

const TYPES = join(SOURCES, "../../../node_modules/@types");
const STRICT =
  `--noEmit --strict --module preserve --moduleResolution bundler --target esnext --lib esnext,dom --skipLibCheck
  --allowImportingTsExtensions --types node --typeRoots ${TYPES}`.split(/\s+/);

const api = apiUnderTest();
setDefaultTimeout(TEST_DEADLINE_MS);
let work: string;

/** The document in a version, as a file. */
async function documentIn(folder: string, version: "3.0" | "3.1"): Promise<string> {
  const path = `/swagger/v1/swagger${version === "3.0" ? "-3.0" : ""}.json`;
  const file = join(folder, "openapi.json");
  writeFileSync(file, (await ask(api, `GET ${path}`)).text);
  return file;
}

/** A folder of one test, with these files of SOURCES under other names. */
function folderWith(name: string, files: Readonly<Record<string, string>> = {}): string {
  const folder = join(work, name);
  mkdirSync(folder, { recursive: true });
  for (const [source, target] of Object.entries(files))
    cpSync(join(SOURCES, source), join(folder, target), { recursive: true });
  return folder;
}

/** Each client prints the id of the city that it added, renamed, and gave a value that it changed. */
async function expectItsCity(printed: string, dateTime: string): Promise<void> {
  const id = Number(printed.trim());
  expect(id).toBeGreaterThan(9);
  const { text } = await ask(api, `GET /WeatherForecast?cityId=${id}`);
  const value = `{"id":\\d+,"cityId":${id},"dateTime":${dateTime},"temperature":-8,"summary":null}`;
  expect(text).toMatch(new RegExp(`^\\[{"id":${id},"name":"Renamed","forecast":\\[${value}\\]}\\]$`));
}

const BEYOND_DOUBLE = "9007199254740993";
const OF_BROWSERS = "1795000000000";

describe.skipIf(!hasForeignClients())("a client that is generated from the description works:", () => {
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), "goldenring-clients-"));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  for (const version of ["3.0", "3.1"] as const) {
    describe(`OpenAPI ${version}`, () => {
      test("is valid", async () => {
        const document = await documentIn(folderWith(`document-${version}`), version);
        expect(await run(["python", "-m", "openapi_spec_validator", document])).toContain("OK");
      });

      test("oapi-codegen and ogen, Go", async () => {
        const folder = folderWith(`go-${version}`, { go: "." });
        const document = await documentIn(folder, version);
        mkdirSync(join(folder, "oapi"));
        const oapi = ["-generate", "types,client", "-package", "oapi", "-o", "oapi/client.go"];
        await run(["oapi-codegen", ...oapi, document], { cwd: folder });
        await run(["ogen", "--target", "ogen", "--package", "ogen", document], { cwd: folder });
        await run(["go", "build", "-o", "bin/", "./oapi-client", "./ogen-client"], { cwd: folder });
        for (const client of ["oapi-client", "ogen-client"])
          await expectItsCity(await run([join(folder, "bin", client), api.url]), BEYOND_DOUBLE);
      });

      test("openapi-typescript", async () => {
        const folder = folderWith(`typescript-${version}`, { "openapi-typescript.ts": "main.ts" });
        symlinkSync(join(INSTALLED, "npm/node_modules"), join(folder, "node_modules"));
        const document = await documentIn(folder, version);
        await run(["openapi-typescript", document, "-o", "schema.d.ts"], { cwd: folder });
        await run(["tsc", ...STRICT, "--exactOptionalPropertyTypes", "main.ts"], { cwd: folder });
        await expectItsCity(await run([process.execPath, "main.ts", api.url], { cwd: folder }), OF_BROWSERS);
      });

      test("openapi-python-client", async () => {
        const folder = folderWith(`python-client-${version}`, { "openapi_python_client.py": "main.py" });
        const document = await documentIn(folder, version);
        const options = ["--output-path", "client", "--meta", "none"];
        await run(["openapi-python-client", "generate", "--path", document, ...options], { cwd: folder });
        await expectItsCity(await run(["python", "main.py", api.url], { cwd: folder }), BEYOND_DOUBLE);
      });
    });
  }

  describe("openapi-generator, OpenAPI 3.0", () => {
    const generate = async (folder: string, language: string, ...options: readonly string[]) => {
      const document = await documentIn(folder, "3.0");
      await run(["openapi-generator-cli", "generate", "-i", document, "-g", language, "-o", ".", ...options], {
        cwd: folder,
      });
    };

    test("python", async () => {
      const folder = folderWith("generator-python", { "openapi_generator.py": "main.py" });
      await generate(folder, "python", "--package-name", "client");
      await expectItsCity(await run(["python", "main.py", api.url], { cwd: folder }), BEYOND_DOUBLE);
    });

    test("typescript-fetch", async () => {
      const folder = folderWith("generator-typescript", { "typescript-fetch.ts": "main.ts" });
      const client = folderWith("generator-typescript/client");
      await generate(client, "typescript-fetch");
      await run(["tsc", ...STRICT, "main.ts"], { cwd: folder });
      await expectItsCity(await run([process.execPath, "main.ts", api.url], { cwd: folder }), OF_BROWSERS);
    });

    test("java", async () => {
      const folder = folderWith("generator-java");
      await generate(folder, "java", "--library", "native");
      const classpath = `${join(INSTALLED, "java")}/*`;
      const client = join(folder, "src/main/java");
      const files = readdirSync(client, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".java"));
      const sources = [...files.map((file) => join(client, file)), join(SOURCES, "OpenApiGenerator.java")];
      await run(["javac", "-nowarn", "-cp", classpath, "-d", "classes", ...sources], { cwd: folder });
      await expectItsCity(
        await run(["java", "-cp", `classes:${classpath}`, "OpenApiGenerator", api.url], { cwd: folder }),
        BEYOND_DOUBLE,
      );
    });
  });
});
