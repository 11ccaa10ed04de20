import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** A folder of somebody who waits for another user to start a program in it: whatever Bun, npm, Python, Ansible, Go or psql run of it leaves a trace. */
export class HostileFolder {
  readonly path = mkdtempSync(join(tmpdir(), "goldenring-hostile-"));
  readonly #traces = join(this.path, "traces");

  constructor() {
    const ofBun = `require("node:fs").appendFileSync(${JSON.stringify(this.#traces)}, "Bun or Node: " + __filename + "\\n");`;
    const ofPython = `open(${JSON.stringify(this.#traces)}, "a").write("Python: " + __file__ + "\\n")\n`;
    const ofShell = `#!/bin/sh\necho "a program: $0" >> ${this.#traces}\n`;
    this.#write("evil.cjs", ofBun);
    this.#write(
      "bunfig.toml",
      'preload = ["./evil.cjs"]\n[test]\npreload = ["./evil.cjs"]\n[install]\nauto = "force"\n',
    );
    this.#write(".env", `NODE_OPTIONS=--require=${this.path}/evil.cjs\nPYTHONPATH=${this.path}\nPATH=${this.path}\n`);
    this.#write(".npmrc", `script-shell=${this.path}/sh\nnode-options=--require=${this.path}/evil.cjs\n`);
    this.#write("package.json", '{"name":"goldenring","scripts":{"test":"./sh"},"imports":{"#*":"./evil.cjs"}}');
    const paths = { "@goldenring/*": ["./evil.cjs"], commander: ["./evil.cjs"], zod: ["./evil.cjs"] };
    this.#write("tsconfig.json", JSON.stringify({ compilerOptions: { baseUrl: ".", paths } }));
    for (const name of ["commander", "zod", "pg", "uplot", "@goldenring/stand", "@goldenring/cli"]) {
      this.#write(`node_modules/${name}/package.json`, JSON.stringify({ name, main: "index.js" }));
      this.#write(`node_modules/${name}/index.js`, ofBun);
    }
    for (const name of [
      "sitecustomize",
      "usercustomize",
      "ansible",
      "yaml",
      "json",
      "vars_plugins/evil",
      "library/ping",
    ])
      this.#write(`${name}.py`, ofPython);
    this.#write("ansible.cfg", "[defaults]\nvars_plugins = ./vars_plugins\nlibrary = ./library\n");
    this.#write("go.mod", "module evil\ntoolchain go9.9.9\n");
    for (const name of ["sh", "bun", "node", "git", "ssh", "k6", "ansible-inventory", "node_modules/.bin/bun"]) {
      this.#write(name, ofShell);
      chmodSync(join(this.path, name), 0o755);
    }
  }

  /** What ran; empty when nothing did. */
  get traces(): string {
    return existsSync(this.#traces) ? readFileSync(this.#traces, "utf8") : "";
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }

  #write(name: string, content: string): void {
    const file = join(this.path, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
}
