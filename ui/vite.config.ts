import { defineConfig } from "vite";

// Names carry a hash of their content, so the server may let browsers keep them for ever.
export default defineConfig({
  base: "/ui/",
  publicDir: false,
  build: {
    // Elsewhere to compare a fresh build with what is committed.
    outDir: process.env.UI_DIST ?? "dist",
    emptyOutDir: true,
    target: "es2022",
    assetsDir: "",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    sourcemap: false,
  },
  server: { proxy: { "/api": { target: process.env.WINDLASS_URL ?? "http://127.0.0.1:7099", ws: false } } },
  test: { include: ["tests/unit/**/*.test.ts"], environment: "node" },
} as Parameters<typeof defineConfig>[0]);
