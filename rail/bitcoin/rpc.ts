/*
 * Calls of a bitcoind's JSON-RPC: method, parameters and the answer's schema in; the checked answer out, or a refusal with the
 * node's own numeric code where it gave one. Every number of an answer is text for its schema (exact.ts). Called by this folder.
 */
import { z, type ZodType } from 'zod';
import { ok, type Refusal, type Result } from '../../core/refusal.ts';
import { createExchanger, type Incoming } from '../../host/http/exchange.ts';
import type { CallOptions } from '../../host/ports.ts';
import { parseExact } from './exact.ts';
import { refuseBitcoin } from './refusals.ts';

export interface RpcOptions {
  /** http://host:port of the node's RPC, with /wallet/NAME for calls of one of its wallets. */
  readonly url: string;
  /** `user:password`, or what the cookie file holds; asked again when the node no longer takes it: it writes a new one at each start. */
  login(): Promise<string>;
  /** Of calls that do not say it themselves. */
  readonly deadlineMs?: number;
}

/** `rpcCode` is the node's own (bitcoin: src/rpc/protocol.h); null where the call never came so far. */
export type RpcAnswer<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly refusal: Refusal; readonly rpcCode: number | null };

export interface Rpc {
  call<T>(method: string, params: readonly Param[], answer: ZodType<T>, options?: CallOptions): Promise<RpcAnswer<T>>;
  /** One method many times in one exchange: an answer for each, in their order. */
  batch<T>(method: string, params: readonly (readonly Param[])[], answer: ZodType<T>): Promise<RpcAnswer<RpcAnswer<T>[]>>;
  /** The same node's wallet of that name. */
  wallet(name: string): Rpc;
  /** Drops its kept connections, and those of its wallets. */
  close(): void;
}

/** As JSON has them; an amount is a string (btcOf). */
export type Param = string | number | boolean | null | readonly Param[] | { readonly [key: string]: Param };

/** A block of four million bytes in hex, and its envelope. */
const ANSWER_BYTES_MAX = 9 * 1024 * 1024;
const DEADLINE_MS = 15_000;

/** What the node says by number, as far as it is told apart here (bitcoin: src/rpc/protocol.h). */
export const RPC_CODES = {
  /** RPC_MISC_ERROR: of getblock, that its data are gone; of scanblocks, that there is no index. */
  misc: -1,
  /** RPC_INVALID_ADDRESS_OR_KEY: of a transaction, that it is not known. */
  unknown: -5,
  /** RPC_INVALID_PARAMETER: of getblockhash, that the chain became shorter since its height was asked. */
  invalidParameter: -8,
  walletNotFound: -18,
  /** RPC_VERIFY_ERROR: what a transaction spends is gone, or not there yet. */
  verifyError: -25,
  /** RPC_VERIFY_REJECTED: the mempool's rules do not take it. */
  verifyRejected: -26,
  /** RPC_VERIFY_ALREADY_IN_UTXO_SET: it is in a block. */
  inChain: -27,
  /** RPC_IN_WARMUP: it answers, but not yet. */
  warmup: -28,
  walletAlreadyLoaded: -35,
} as const;

export function createRpc(options: RpcOptions): Rpc {
  const exchanger = createExchanger();
  let login: string | null = null;

  async function exchange(url: string, what: string, body: unknown, limits?: CallOptions): Promise<RpcAnswer<unknown>> {
    const bytes = Buffer.from(JSON.stringify(body), 'utf8');
    const call = { deadlineMs: options.deadlineMs ?? DEADLINE_MS, answerMax: ANSWER_BYTES_MAX, ...limits };
    for (const isLast of [false, true]) {
      try {
        login ??= await options.login();
      } catch (thrown) {
        return refused('bitcoin-credentials', thrown instanceof Error ? thrown.message : String(thrown));
      }
      const answer = await exchanger.exchange({ url, method: 'POST', type: 'application/json', login, body: bytes }, call);
      if (!answer.ok) return notAnswered(answer, what);
      if (answer.value.status !== 401) return parsed(answer.value, what);
      login = null;
      if (isLast) break;
    }
    return refused('bitcoin-credentials', options.url);
  }

  const rpcAt = (url: string): Rpc => ({
    async call(method, params, answer, limits) {
      const body = await exchange(url, method, { jsonrpc: '1.0', id: 0, method, params }, limits);
      return body.ok ? answerIn(body.value, 0, method, answer) : body;
    },
    async batch(method, params, answer) {
      if (params.length === 0) return ok([]);
      const calls = params.map((one, id) => ({ jsonrpc: '1.0', id, method, params: one }));
      const body = await exchange(url, method, calls);
      if (!body.ok) return body;
      const list = body.value;
      if (!Array.isArray(list) || list.length !== calls.length)
        return refused('bitcoin-nonsense', `${method}: not an answer a call`);
      return ok(calls.map(({ id }) => answerIn(list[id], id, method, answer)));
    },
    wallet: (name) => rpcAt(`${options.url.replace(/\/+$/, '')}/wallet/${encodeURIComponent(name)}`),
    close: () => exchanger.close(),
  });
  return rpcAt(options.url);
}

const envelope = z.object({
  result: z.unknown().optional(),
  error: z
    .object({ code: z.string().regex(/^-?[0-9]{1,6}$/), message: z.string() })
    .nullable()
    .optional(),
  id: z.string().nullable(),
});

function answerIn<T>(body: unknown, id: number, method: string, answer: ZodType<T>): RpcAnswer<T> {
  const read = envelope.safeParse(body);
  if (!read.success || read.data.id !== String(id)) return refused('bitcoin-nonsense', `${method}: no answer of JSON-RPC`);
  const { error, result } = read.data;
  if (error !== null && error !== undefined) {
    const code = Number(error.code);
    return refused(code === RPC_CODES.warmup ? 'bitcoin-down' : 'bitcoin-rpc', `${method}: ${code} ${error.message}`, code);
  }
  const value = answer.safeParse(result);
  if (value.success) return ok(value.data);
  const issue = value.error.issues[0];
  return refused('bitcoin-nonsense', `${method}: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
}

/** It says errors with status 500 (or 404) and JSON; a full queue or a proxy with neither. */
function parsed({ status, bytes }: Incoming, what: string): RpcAnswer<unknown> {
  try {
    return ok(parseExact(bytes.toString('utf8')));
  } catch {
    return status === 503
      ? refused('bitcoin-down', `${what}: status 503`)
      : refused('bitcoin-nonsense', `${what}: status ${status}`);
  }
}

function notAnswered(answer: Extract<Result<unknown>, { ok: false }>, what: string): RpcAnswer<never> {
  const isTooLarge = answer.refusal.code === 'answer-too-large';
  return refused(isTooLarge ? 'bitcoin-nonsense' : 'bitcoin-down', `${what}: ${answer.refusal.code} ${answer.refusal.about}`);
}

function refused(code: Parameters<typeof refuseBitcoin>[0], about: string, rpcCode: number | null = null): RpcAnswer<never> {
  return { ...refuseBitcoin(code, about), rpcCode };
}
