/*
 * What time another machine has: the Date of its answer. An address in; whole seconds since 1970, or null, out. Called by node's
 * doctor, which compares it with this machine's clock.
 */
import http from 'node:http';
import https from 'node:https';

const DEADLINE_MS = 5_000;

export function readServerDate(url: string): Promise<number | null> {
  return new Promise((resolve) => {
    if (!URL.canParse(url)) return resolve(null);
    const request = (url.startsWith('https:') ? https : http).request(url, { method: 'GET', agent: false });
    const deadline = setTimeout(() => request.destroy(), DEADLINE_MS);
    const settle = (seconds: number | null): void => {
      clearTimeout(deadline);
      request.destroy();
      resolve(seconds);
    };
    request.once('error', () => settle(null));
    request.once('close', () => settle(null));
    request.once('response', (response) => {
      const at = Date.parse(response.headers.date ?? '');
      settle(Number.isNaN(at) ? null : Math.floor(at / 1000));
    });
    request.end();
  });
}
