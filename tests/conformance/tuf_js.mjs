// Reads a mirror as `tuf-js` does, over HTTP: tuf_js.mjs MIRROR PATH...
// MIRROR is a folder with the site and `.colport/metadata`. Each PATH is downloaded, verified and compared with the file.
import assert from 'node:assert';
import fs from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';

// Where `npm install` put it, which need not be beside this file.
const { Updater } = createRequire(`${process.env.TUF_JS}/`)('tuf-js');

const [mirror, ...paths] = process.argv.slice(2);
const server = http.createServer((request, response) => {
  const file = path.join(mirror, decodeURIComponent(new URL(request.url, 'http://x').pathname));
  fs.readFile(file, (error, bytes) => {
    response.writeHead(error ? 404 : 200);
    response.end(bytes);
  });
});
await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
const url = `http://127.0.0.1:${server.address().port}`;

const memory = fs.mkdtempSync(path.join(os.tmpdir(), 'tuf-js-'));
fs.copyFileSync(path.join(mirror, '.colport/metadata/1.root.json'), path.join(memory, 'root.json'));
const updater = new Updater({
  metadataDir: memory,
  metadataBaseUrl: `${url}/.colport/metadata`,
  targetDir: memory,
  targetBaseUrl: url,
  config: { prefixTargetsWithHash: false },
});
await updater.refresh();
for (const name of paths) {
  const info = await updater.getTargetInfo(name);
  assert(info, `${name} is not found`);
  const got = await updater.downloadTarget(info, path.join(memory, 'got'));
  assert.deepStrictEqual(fs.readFileSync(got), fs.readFileSync(path.join(mirror, name)));
  fs.rmSync(got);
}
assert.equal(await updater.getTargetInfo('be/2026/11/nowhere/index.html'), undefined);
fs.rmSync(memory, { recursive: true });
server.close();
console.log('ok', paths.length);
