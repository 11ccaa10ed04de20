import type { Browser, BrowserContextOptions, Page } from "playwright-core";

const PATIENCE_MS = 15_000;

export interface Visit {
  readonly page: Page;
  /** Keeps matching complaints of the browser from failing the visit. */
  tolerate(complaint: RegExp): void;
  /** Status and URL of each answer, in order. */
  readonly answers: readonly { readonly status: number; readonly url: string }[];
}

/**
 * Opens a page of the API in a browser profile of its own, lets `look` look at it, and closes it. Fails on errors and
 * warnings in the console, violations of the content security policy, and requests to other servers.
 */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions,
  look: (visit: Visit) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext({ locale: "en-GB", viewport: { width: 1280, height: 900 }, ...options });
  try {
    const page = await context.newPage();
    page.setDefaultTimeout(PATIENCE_MS);
    const complaints: string[] = [];
    const tolerated: RegExp[] = [];
    const answers: { status: number; url: string }[] = [];
    const { origin } = new URL(url);
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(String(error)));
    page.on("request", (request) => {
      const target = request.url();
      if (!target.startsWith(`${origin}/`) && !/^(data|blob):/.test(target)) complaints.push(`request to ${target}`);
    });
    page.on("response", (response) => answers.push({ status: response.status(), url: response.url() }));
    await page.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`policy violation: ${event.violatedDirective} ${event.blockedURI}`);
      });
    });
    await page.goto(url);
    await look({ page, answers, tolerate: (complaint) => tolerated.push(complaint) });
    const serious = complaints.filter((complaint) => !tolerated.some((pattern) => pattern.test(complaint)));
    if (serious.length > 0) throw new Error(`The browser complained: ${serious.join("; ")}`);
  } finally {
    await context.close();
  }
}
