/*
 * One line of a role's http table onto the express app: body or parameters in, checked by the endpoint's schema, its answer out as
 * canonical JSON, sealed where the endpoint says so. Called by serve.ts.
 */
import type { Express, Request, Response } from 'express';
import { BODY_BYTES_MAX } from '../../core/limits.ts';
import { ok, type Refusal, type Result } from '../../core/refusal.ts';
import { decode, encode, shaped } from '../../core/wire/codec.ts';
import type { Caller, Endpoint, Entropy, Page, Role, RoleName } from '../ports.ts';
import { readBody } from './body.ts';
import { ENVELOPE_BYTES, openLinkRequest } from '../seal.ts';
import { BOX_BYTES, boxContentMax, openBoxRequest } from '../seal-subscriber.ts';
import { paddedSize } from '../seal-pad.ts';
import { refuseHttp, statusOf } from './refusals.ts';

/** What sealed endpoints need beside the role's own keys. */
export interface Sealing {
  readonly networkId: string;
  readonly entropy: Entropy;
  /** The key of another relay's role of the same name, from its descriptor. */
  senderKey(relay: string, role: RoleName, number: number): Uint8Array | null;
}

export function mountEndpoint(app: Express, role: Role, endpoint: Endpoint, sealing: Sealing | null): void {
  const path = endpoint.path;
  if (endpoint.method === 'GET') {
    app.get(path, async (request, response) => {
      const input: Record<string, unknown> = { ...(request.query as Record<string, unknown>), ...request.params };
      const answer = await answerTo(endpoint, shaped(input, endpoint.input), { kind: endpoint.access });
      sendPlain(response, answer, endpoint.lasting);
    });
    return;
  }
  const bytesMax = wireMax(endpoint);
  app.post(path, async (request, response) => {
    const body = await readBody(request, bytesMax, request.path.slice(0, 200));
    if (!body.ok) {
      // The rest of it is not waited for.
      if (!request.complete) response.set('connection', 'close');
      return sendPlain(response, body);
    }
    const bytes = body.value;
    if (endpoint.access === 'link') await answerLink(response, role, endpoint, sealing as Sealing, bytes);
    else if (endpoint.access === 'subscriber') await answerBox(response, role, endpoint, sealing as Sealing, bytes);
    else sendPlain(response, await answerBytes(endpoint, bytes, { kind: endpoint.access }));
  });
}

export function mountPage(app: Express, page: Page): void {
  app.get(page.path, async (request: Request, response: Response) => {
    const input = shaped({ ...(request.query as Record<string, unknown>), ...request.params }, page.input);
    const result = input.ok ? await page.render(input.value as never) : input;
    response.set({ 'content-security-policy': PAGE_POLICY, 'referrer-policy': 'no-referrer' });
    if (!result.ok) return sendRefusedPage(response, result.refusal);
    response
      .status(200)
      .type(page.type ?? 'html')
      .send(result.value);
  });
}

/** No script, nothing from elsewhere, in nobody's frame; a form only asks the same server again. */
const PAGE_POLICY = [
  "default-src 'none'",
  "style-src 'unsafe-inline'",
  'img-src data:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** A person reads it: the same three lines and code as everywhere. */
function sendRefusedPage(response: Response, refusal: Refusal): void {
  const { text, about, remedy, code } = refusal;
  const [what, who, help] = [text, about, remedy].map(escaped);
  const body = `<h1>Not here: ${what}</h1><p>${who}</p><p>What to do: ${help} (${code})</p>`;
  const head = '<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Not here</title>';
  const style = '<style>:root{color-scheme:light dark}body{font:1rem/1.5 sans-serif;margin:2rem;overflow-wrap:anywhere}</style>';
  response
    .status(statusOf(refusal))
    .type('html')
    .send(`<!doctype html><html lang="en"><head>${head}${style}</head><body>${body}</body></html>`);
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (one) => `&#${one.charCodeAt(0)};`);
}

export function sendPlain(response: Response, result: Result<unknown>, lasting = false): void {
  const text = result.ok ? textOf(result.value ?? null, lasting) : encode({ refusal: result.refusal });
  response
    .status(result.ok ? 200 : statusOf(result.refusal))
    .type('application/json; charset=utf-8')
    .send(text);
}

/**
 * As long as the objects themselves. A consensus of ten thousand relays takes half a second to encode; and as bytes hundreds that
 * take it slowly share one copy.
 */
const lastingTexts = new WeakMap<object, Buffer>();

function textOf(value: unknown, lasting: boolean): string | Buffer {
  if (!lasting || typeof value !== 'object' || value === null) return encode(value);
  const text = lastingTexts.get(value) ?? Buffer.from(encode(value), 'utf8');
  lastingTexts.set(value, text);
  return text;
}

async function answerLink(response: Response, role: Role, endpoint: Endpoint, sealing: Sealing, bytes: Buffer): Promise<void> {
  const answer = await answerSealed(role, endpoint, sealing, bytes);
  if (!answer.ok) return sendPlain(response, answer);
  sendSealed(response, answer.value);
}

/** What a link endpoint makes of an envelope: the sealed answer, or why it did not open. */
export async function answerSealed(
  role: Role,
  endpoint: Endpoint,
  sealing: Sealing,
  envelope: Uint8Array,
): Promise<Result<Uint8Array>> {
  const opened = openLinkRequest(
    {
      networkId: sealing.networkId,
      tag: endpoint.tag,
      to: role.relay as string,
      keys: role.sealing ?? [],
      senderKey: (id, number) => sealing.senderKey(id, role.name, number),
    },
    envelope,
  );
  if (!opened.ok) return opened;
  const answer = await answerBytes(endpoint, opened.value.content, { kind: 'link', relay: opened.value.from });
  return ok(opened.value.seal(sealedText(answer), sealing.entropy));
}

async function answerBox(response: Response, role: Role, endpoint: Endpoint, sealing: Sealing, bytes: Buffer): Promise<void> {
  const opened = openBoxRequest({ networkId: sealing.networkId, tag: endpoint.tag }, role.sealing ?? [], bytes);
  if (!opened.ok) return sendPlain(response, opened);
  const answer = await answerBytes(endpoint, Buffer.from(opened.value.body, 'utf8'), { kind: 'subscriber' });
  sendSealed(response, opened.value.seal(sealedText(answer)));
}

async function answerBytes(endpoint: Endpoint, bytes: Uint8Array, from: Caller): Promise<Result<unknown>> {
  const body = utf8(bytes);
  if (!body.ok) return body;
  return answerTo(endpoint, decode(body.value, endpoint.input, bodyMax(endpoint)), from);
}

async function answerTo(endpoint: Endpoint, input: Result<unknown>, from: Caller): Promise<Result<unknown>> {
  return input.ok ? endpoint.answer(input.value as never, from) : input;
}

/** Outside, a sealed answer looks the same whatever it says. */
function sendSealed(response: Response, bytes: Uint8Array): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes.length }).end(bytes);
}

function sealedText(result: Result<unknown>): Buffer {
  return Buffer.from(encode(result.ok ? { value: result.value ?? null } : { refusal: result.refusal }), 'utf8');
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function utf8(bytes: Uint8Array): Result<string> {
  try {
    return ok(decoder.decode(bytes));
  } catch {
    return refuseHttp('bad-request', 'the body');
  }
}

function bodyMax(endpoint: Endpoint): number {
  return endpoint.bodyMax ?? BODY_BYTES_MAX;
}

function wireMax(endpoint: Endpoint): number {
  if (endpoint.access === 'link') return paddedSize(bodyMax(endpoint)) + ENVELOPE_BYTES;
  if (endpoint.access === 'subscriber') return paddedSize(boxContentMax(bodyMax(endpoint))) + BOX_BYTES;
  return bodyMax(endpoint);
}
