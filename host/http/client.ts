/*
 * Calls out: to public endpoints, sealed ones, and the operator's own roles. What comes back was checked by the caller's schema,
 * or is a refusal: the other side's, or one of ours. Given to every role as its `http` port by node.
 */
import type { ZodType } from 'zod';
import { z } from 'zod';
import { BODY_BYTES_MAX } from '../../core/limits.ts';
import { ok, type Refusal, type Result } from '../../core/refusal.ts';
import { codecRefusals, decode, encode, shaped } from '../../core/wire/codec.ts';
import type { CallOptions, Entropy, HttpClient, RoleName } from '../ports.ts';
import { sealLinkRequest, sealRefusals } from '../seal.ts';
import { CONTENT_BYTES_MAX, paddedSize } from '../seal-pad.ts';
import { boxContentMax, sealBoxRequest } from '../seal-subscriber.ts';
import { createExchanger, type Exchanger, type Incoming } from './exchange.ts';
import { socketPath } from './local.ts';
import { httpRefusals, refusalShape, refuseHttp } from './refusals.ts';

export interface HttpClientOptions {
  readonly networkId: string;
  readonly entropy: Entropy;
  /** The data folder with the roles' sockets; without it there are no local calls but those of `locals`. */
  readonly home?: string;
  /** Roles of this operator on other machines. */
  readonly locals?: Partial<Record<RoleName, { readonly host: string; readonly port: number; readonly token: string }>>;
}

/** Closing drops its kept connections. */
export type ClosableHttpClient = HttpClient & { close(): Promise<void> };

type Opener = (answer: Uint8Array) => Result<Uint8Array>;

export function createHttpClient(options: HttpClientOptions): ClosableHttpClient {
  const exchanger = createExchanger();
  const { networkId, entropy } = options;
  return {
    get: async (url, output, call) => plainAnswer(await exchanger.exchange({ url, method: 'GET' }, call), output, call),
    async post(url, body, output, call) {
      return plainAnswer(await exchanger.exchange({ url, method: 'POST', ...jsonBody(body) }, call), output, call);
    },
    async link({ url, tag, body, from, key, to, toKey }, output, call) {
      const content = Buffer.from(encode(body ?? null), 'utf8');
      if (content.length > CONTENT_BYTES_MAX) return refuseHttp('too-large', tag);
      const sealed = sealLinkRequest({ networkId, tag, from, to }, key, toKey, content, entropy);
      return sealed.ok ? sealedCall(exchanger, url, sealed.value.envelope, sealed.value.open, output, call) : sealed;
    },
    async subscriber({ url, tag, body, toKey }, output, call) {
      const text = encode(body ?? null);
      if (boxContentMax(Buffer.byteLength(text)) > CONTENT_BYTES_MAX) return refuseHttp('too-large', tag);
      const sealed = sealBoxRequest({ networkId, tag }, toKey, text, entropy);
      return sealed.ok ? sealedCall(exchanger, url, sealed.value.envelope, sealed.value.open, output, call) : sealed;
    },
    async local(role, path, body, output, call) {
      const where = localAddress(options, role, path);
      if (where === null) return refuseHttp('unreachable', `${role} (no --home and no address)`);
      const what = body === undefined ? ({ method: 'GET' } as const) : ({ method: 'POST', ...jsonBody(body) } as const);
      return plainAnswer(await exchanger.exchange({ ...where, ...what }, call), output, call);
    },
    inFlight: () => exchanger.inFlight(),
    close: async () => exchanger.close(),
  };
}

function jsonBody(body: unknown) {
  return { type: 'application/json', body: Buffer.from(encode(body ?? null), 'utf8') };
}

function localAddress(options: HttpClientOptions, role: RoleName, path: string) {
  const remote = options.locals?.[role];
  if (remote !== undefined) return { url: `http://${remote.host}:${remote.port}${path}`, token: remote.token };
  return options.home === undefined ? null : { url: `http://localhost${path}`, socketPath: socketPath(options.home, role) };
}

const refused = z.strictObject({ refusal: refusalShape });

function plainAnswer<T>(incoming: Result<Incoming>, output: ZodType<T>, call: CallOptions | undefined): Result<T> {
  if (!incoming.ok) return incoming;
  const { status, bytes } = incoming.value;
  const text = bytes.toString('utf8');
  if (status !== 200) return refusalIn(text) ?? refuseHttp('bad-answer', `status ${status}`);
  const value = decode(text, output, call?.answerMax ?? BODY_BYTES_MAX);
  return value.ok ? value : refuseHttp('bad-answer', `${value.refusal.code}: ${value.refusal.about}`);
}

function refusalIn(text: string): { ok: false; refusal: Refusal } | null {
  const body = decode(text, refused);
  return body.ok ? { ok: false, refusal: body.value.refusal } : null;
}

const sealedAnswer = z.union([z.strictObject({ value: z.unknown() }), refused]);
/** Of an answer: version, nonce and seal. */
const ANSWER_BYTES = 128;

async function sealedCall<T>(
  exchanger: Exchanger,
  url: string,
  envelope: Uint8Array,
  open: Opener,
  output: ZodType<T>,
  call: CallOptions | undefined,
): Promise<Result<T>> {
  const contentMax = call?.answerMax ?? BODY_BYTES_MAX;
  const limits = { ...call, answerMax: Math.max(paddedSize(contentMax) + ANSWER_BYTES, BODY_BYTES_MAX) };
  const outgoing = { url, method: 'POST', type: 'application/octet-stream', body: envelope } as const;
  const incoming = await exchanger.exchange(outgoing, limits);
  if (!incoming.ok) return incoming;
  if (incoming.value.status !== 200 || !incoming.value.type.startsWith('application/octet-stream'))
    return unsealed(incoming.value);
  const opened = open(incoming.value.bytes);
  if (!opened.ok) return refuseHttp('bad-answer', opened.refusal.code);
  const inner = decode(Buffer.from(opened.value).toString('utf8'), sealedAnswer, contentMax + ANSWER_BYTES);
  if (!inner.ok) return refuseHttp('bad-answer', `${inner.refusal.code}: ${inner.refusal.about}`);
  if ('refusal' in inner.value) return { ok: false, refusal: inner.value.refusal };
  const value = shaped(inner.value.value, output);
  return value.ok ? ok(value.value) : refuseHttp('bad-answer', `${value.refusal.code}: ${value.refusal.about}`);
}

const hostCodes: ReadonlySet<string> = new Set(Object.keys({ ...httpRefusals, ...sealRefusals, ...codecRefusals }));

/**
 * A refusal in the clear where a sealed one was due: anybody on the way may have written it. It can delay a message, never be the
 * last word on it.
 */
function unsealed(incoming: Incoming): Result<never> {
  const refusal = refusalIn(incoming.bytes.toString('utf8'))?.refusal;
  if (refusal === undefined || !hostCodes.has(refusal.code)) return refuseHttp('bad-answer', `status ${incoming.status}`);
  return { ok: false, refusal: { ...refusal, retry: true } };
}
