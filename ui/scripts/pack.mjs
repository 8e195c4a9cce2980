// Puts .br and .gz beside each file of dist that gains by it. The same input gives the same bytes.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const dist = process.env.UI_DIST ?? new URL("../dist", import.meta.url).pathname;
const packed = /\.(js|css|html|svg|json|txt)$/;

for (const name of readdirSync(dist).sort()) {
  if (!packed.test(name)) continue;
  const raw = readFileSync(join(dist, name));
  const br = brotliCompressSync(raw, {
    params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: raw.length },
  });
  const gz = gzipSync(raw, { level: 9 });
  // The operating system in the header differs between machines; "unknown" doesn't.
  gz[9] = 255;
  writeFileSync(join(dist, `${name}.br`), br);
  writeFileSync(join(dist, `${name}.gz`), gz);
}
