/*
 * The other end of iou-http.ts, a process of its own: lines on standard input (what to send where, then `go`) in; `done` out when every
 * body was answered. New connections for each round, as neighbours make that tick once a minute.
 */
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import { createInterface } from 'node:readline';

const maxSockets = Number(process.argv[2]);
let agent = new http.Agent();
let bodies: Buffer[] = [];
let url = '';

for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'go') {
    await Promise.all(bodies.map(post));
  } else {
    const asked = JSON.parse(line) as { bodies: string; url: string };
    url = asked.url;
    agent.destroy();
    agent = new http.Agent({ keepAlive: true, maxSockets, maxFreeSockets: maxSockets });
    bodies = unframed(await readFile(asked.bodies));
  }
  process.stdout.write('done\n');
}
agent.destroy();

function unframed(bytes: Buffer): Buffer[] {
  const found: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = bytes.readUInt32BE(at);
    found.push(bytes.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return found;
}

function post(body: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': body.length };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`status ${response.statusCode}`))));
      response.once('error', reject);
    });
    request.once('error', reject);
    request.end(body);
  });
}
