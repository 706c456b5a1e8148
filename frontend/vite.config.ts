// How the dashboard is built: hashed files, nothing inline, each compressed beside itself as the daemon and nginx serve it.
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";
import type { Plugin } from "vite";

// Below this an answer is one packet anyway.
const SMALL = 1024;

const compressed: Plugin = {
  name: "compressed",
  apply: "build",
  writeBundle({ dir }) {
    if (dir === undefined) return;
    for (const name of readdirSync(dir, { recursive: true, encoding: "utf8" })) {
      const file = join(dir, name);
      if (!statSync(file).isFile() || statSync(file).size < SMALL) continue;
      const bytes = readFileSync(file);
      writeFileSync(`${file}.br`, brotliCompressSync(bytes));
      writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
    }
  },
};

export default defineConfig({
  plugins: [react(), compressed],
  // No `data:` addresses: the policy of the page allows none.
  build: { target: "es2023", assetsInlineLimit: 0, modulePreload: { polyfill: false }, reportCompressedSize: false },
  // What is the daemon's, as on its own site.
  server: { strictPort: true, proxy: Object.fromEntries(["/api", "/auth", "/health"].map((path) => [path, process.env.KEYFORGE_SERVER ?? "http://127.0.0.1:8080"])) },
  test: { environment: "node", include: ["src/**/*.test.ts"] },
});
