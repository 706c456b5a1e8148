// The page from another site than the daemon's, as a content delivery network has it: an API key reads and follows across sites, and
// that a sign-in does not is said.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { expect, look, open, settled, SIZES } from "./browser.mjs";

const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };

/** Serves the page at `origin`, built for the API at `api`, and opens it. */
export async function walk(origin, api, folder, please) {
  const built = join(folder, "..", "elsewhere");
  process.env.VITE_API_BASE = api;
  await build({ root: fileURLToPath(new URL("..", import.meta.url)), logLevel: "error", build: { outDir: built, emptyOutDir: true } });
  const server = createServer(({ url }, response) => {
    const file = join(built, new URL(url, origin).pathname);
    const path = existsSync(file) && statSync(file).isFile() ? file : join(built, "index.html");
    response.setHeader("content-type", KINDS[extname(path)] ?? "application/octet-stream");
    response.setHeader("content-security-policy", `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' ${api}; require-trusted-types-for 'script'; trusted-types 'none'`);
    createReadStream(path).pipe(response);
  });
  await new Promise((listens) => server.listen(Number(new URL(origin).port), "127.0.0.1", listens));
  const { context, page } = await open(origin, { viewport: SIZES.wide, also: [api], expected: /status of 401/ });
  await page.goto(`${origin}/unions?sign-in-failed=declined`);
  await page.getByText("The identity provider did not agree.").waitFor();
  await page.getByText("This page comes from another site than Keyforge").waitFor();
  expect((await page.getByRole("link", { name: "Sign in with your account" }).count()) === 0, "a sign-in that would not count is offered");
  await look(page, folder, "elsewhere-sign-in");
  await page.getByLabel("API key").fill("of nobody");
  await page.keyboard.press("Enter");
  await page.getByText("This key is not known, or not any more.").waitFor();
  await page.getByLabel("API key").fill(await please("a key"));
  await page.keyboard.press("Enter");
  await page.getByRole("table", { name: "Unions" }).waitFor();
  expect(page.url() === `${origin}/unions`, `what failed before stays in the address: ${page.url()}`);
  await page.getByRole("status").getByText("Live").waitFor();
  await settled(page);
  await look(page, folder, "elsewhere");
  await context.close();
  server.closeAllConnections();
  server.close();
}
