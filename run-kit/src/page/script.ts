import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

/**
 * The script of the pages in one file, uPlot included. It is made when a page is written, in some 50 ms: a stored copy could be an
 * old one. Like ring itself this needs Bun, which has the bundler.
 */
export async function chartScript(): Promise<string> {
  const entry = fileURLToPath(new URL("../browser/main.ts", import.meta.url));
  const built = await Bun.build({ entrypoints: [entry], target: "browser", minify: true, format: "iife" });
  const [output] = built.outputs;
  if (output === undefined) throw new Error(`Nothing was built from ${entry}`);
  // In a script element this would be the end of it.
  const script = (await output.text()).replaceAll("</script", "<\\/script");
  return `${await licenceNote()}\n${script}`;
}

/** uPlot's own rules first, so that the page's outweigh them. */
export async function styleSheet(): Promise<string> {
  const [plot, page] = await Promise.all([
    readFile(fileURLToPath(import.meta.resolve("uplot/dist/uPlot.min.css")), "utf8"),
    readFile(new URL("./page.css", import.meta.url), "utf8"),
  ]);
  return `${plot}\n${page}`;
}

/** uPlot's licence wants to stay with every copy of it. */
async function licenceNote(): Promise<string> {
  const licence = await readFile(fileURLToPath(new URL("LICENSE", import.meta.resolve("uplot/package.json"))), "utf8");
  return `/*! With uPlot:\n${licence.trim()}\n*/`;
}
