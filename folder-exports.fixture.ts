import { readdirSync } from "node:fs";
import { join } from "node:path";

interface Export {
  /** `units.ts: stopUnit`, as a failing test prints it. */
  readonly label: string;
  readonly value: unknown;
}

/** What the modules of a folder export, so that a test finds what a list has forgotten. */
export async function exportsOfFolder(folder: string, except: readonly string[] = []): Promise<readonly Export[]> {
  const files = readdirSync(folder).filter((file) => /^[^.]+\.ts$/.test(file) && !except.includes(file));
  const modules = files.map(async (file) => {
    const module: Readonly<Record<string, unknown>> = await import(join(folder, file));
    return Object.entries(module).map(([name, value]) => ({ label: `${file}: ${name}`, value }));
  });
  return (await Promise.all(modules)).flat();
}
