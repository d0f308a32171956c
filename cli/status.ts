/*
 * `ptg status`: a node's folder in; all that its operator should know at one look, out: from its roles, from its disk where they do
 * not run, and from an authority. What cannot be had is null; what asks for somebody is in `needsYou`. Called by node.ts.
 */
import { z, type ZodType } from 'zod';
import { ok, type Result } from '../core/refusal.ts';
import { shaped } from '../core/wire/codec.ts';
import { hex32, interval as intervalField, signedUnits, units } from '../core/wire/field.ts';
import type { Consensus, Flag } from '../core/wire/consensus.ts';
import { account as accountShape } from '../core/wire/guard.ts';
import { systemClock } from '../host/clock.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createHttpClient } from '../host/http/client.ts';
import type { HttpClient, RoleName } from '../host/ports.ts';
import { openHome, type OpenedHome } from '../node/open.ts';
import { answersOnSocket, callRole } from './call.ts';
import { ownCase } from './contest.ts';
import { readConsensus, readRelay, type ExplainedRelay } from './authorities.ts';
import { linksShape } from './relay-text.ts';
import { dryRunShape, walletShape } from './settlement-text.ts';
import { needsOf, type Need } from './status-needs.ts';
import { refusedTally } from './subscriber.ts';

export const relayShape = z.object({
  id: hex32,
  nickname: z.string(),
  flags: z.array(z.string()),
  consensus: z.object({ validAfter: z.int(), validUntil: z.int() }).nullable(),
  descriptor: z.object({
    published: z.int().nullable(),
    expires: z.int().nullable(),
    offline: z.boolean(),
    authorities: z.array(z.object({ authority: z.string(), refused: z.string().nullable() })),
  }),
  meter: z.string(),
  /** The tor beside it, where the node reads one. */
  tor: z
    .object({
      up: z.boolean(),
      since: z.int(),
      reason: z.string().nullable(),
      hears: z.enum(['circuits', 'links']).nullable(),
      strangers: z.array(z.object({ fingerprint: z.string(), circuits: z.int(), cells: units })),
    })
    .loose()
    .nullable()
    .default(null),
  interval: intervalField.nullable(),
  cutOff: z.int().nullable(),
  peers: z.int(),
  unreachable: z.int(),
  unbilled: z.int(),
  /** Certified onward for all own subscribers together. */
  forOwn: z.array(z.object({ interval: intervalField, bytes: units })).default([]),
});
const byRail = z.record(z.string(), units);
const schedule = z.object({ interval: intervalField, booksClose: z.int(), bst: z.int() });
export const settlementShape = z.object({
  payouts: z.enum(['auto', 'manual']),
  schedules: z.array(schedule),
  owed: byRail,
  owing: byRail,
  awaitingFunds: byRail,
  needsApproval: z.array(hex32),
  /** After a restore: the counterparts have not said what they hold. */
  needsAnswer: z.array(hex32).default([]),
  /** Those that are not at their end. */
  contests: z.array(ownCase).default([]),
  states: z.record(z.string(), z.int()),
  ordersOpen: z.int(),
  /** Was final, and is in no block any more. */
  undone: z
    .array(
      z.object({
        kind: z.enum(['income', 'payment']),
        rail: z.string(),
        amount: units,
        payment: z.string().nullable(),
        interval: intervalField.nullable(),
        peer: hex32.nullable(),
        nickname: z.string().nullable(),
      }),
    )
    .default([]),
  /** Payments under way, by what they wait for. */
  waiting: z.object({ signature: z.int(), confirmations: z.int() }).default({ signature: 0, confirmations: 0 }),
  /** Seconds since 1970, by rail. */
  downSince: z.record(z.string(), z.int()).default({}),
});
export const guardShape = z.object({
  subscribers: z.int(),
  sessions: z.int(),
  rails: z.array(z.object({ rail: z.string(), deposited: units, spent: units, withdrawn: units, owed: signedUnits }).loose()),
  /** What all subscribers' tallies come to. */
  used: z.array(z.object({ interval: intervalField, circuitBytes: units, otherBytes: units })).default([]),
  unread: z.array(z.object({ rail: z.string(), since: z.int(), text: z.string(), remedy: z.string() })).default([]),
});
/** The tor beside a directory; null where it has none. */
export const directoryTorShape = z.object({
  tor: z
    .object({
      up: z.boolean(),
      since: z.int(),
      reason: z.string().nullable(),
      seen: z.object({ validAfter: z.int(), relays: z.int(), exits: z.int() }).nullable(),
      middleOnly: z
        .object({
          file: z.string(),
          listed: z.array(z.string()),
          doneAt: z.int().nullable(),
          fault: z.object({ code: z.string(), about: z.string(), remedy: z.string() }).nullable(),
        })
        .nullable(),
    })
    .loose()
    .nullable(),
});
const accountsShape = z.object({
  accounts: z.array(
    z.object({
      ...{ nickname: z.string(), account: accountShape, fresh: z.boolean(), reason: z.string().nullable() },
      refused: refusedTally,
    }),
  ),
});

export interface Status {
  readonly node: {
    readonly home: string;
    readonly network: string;
    readonly nickname: string | null;
    readonly id: string | null;
    readonly roles: readonly RoleName[];
    /** Those that answer. */
    readonly running: readonly RoleName[];
  };
  readonly now: number;
  readonly consensus: { readonly validAfter: number; readonly validUntil: number; readonly ageSec: number } | null;
  /** Of a node without a relay. */
  readonly listed: { readonly relays: number; readonly running: number; readonly guards: number } | null;
  /** Of a directory with a tor beside it. */
  readonly directoryTor: z.infer<typeof directoryTorShape>['tor'];
  readonly relay: z.infer<typeof relayShape> | null;
  readonly links: z.infer<typeof linksShape>['links'] | null;
  /** What an authority says of the relay. */
  readonly directory: ExplainedRelay | null;
  readonly settlement: z.infer<typeof settlementShape> | null;
  /** The next balance settlement time, and what falls due then. */
  readonly next: (z.infer<typeof schedule> & { readonly due: z.infer<typeof dryRunShape>['sums'] | null }) | null;
  readonly wallets: z.infer<typeof walletShape>['wallets'] | null;
  readonly guard: z.infer<typeof guardShape> | null;
  /** Of a guard: tallies beside IOUs, the newest interval first. */
  readonly billed: readonly Billed[];
  readonly accounts: z.infer<typeof accountsShape>['accounts'] | null;
  readonly needsYou: readonly Need[];
}

/** Of an interval, over all subscribers and all links: what tallies come to, and what was certified onward for it. */
export interface Billed {
  readonly interval: number;
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
  readonly certifiedBytes: bigint;
  /** Certified less circuit bytes. */
  readonly difference: bigint;
}

export async function readStatus(home: string): Promise<Result<Status>> {
  const opened = await openHome(home, systemEntropy());
  if (!opened.ok) return opened;
  const http = createHttpClient({ networkId: opened.value.network.networkId, entropy: systemEntropy() });
  try {
    return ok(await collect(home, opened.value, http));
  } finally {
    await http.close();
  }
}

async function collect(home: string, { spec, network }: OpenedHome, http: HttpClient): Promise<Status> {
  const now = systemClock().now();
  const ask = async <T>(role: RoleName, path: string, body: unknown, shape: ZodType<T>): Promise<T | null> => {
    if (!spec.roles.includes(role)) return null;
    const call = { home, role, path, ...(body === undefined ? {} : { body }) };
    const answer = await callRole(call, role === 'client' ? 'acting' : 'reading');
    const read = answer.ok ? shaped(answer.value, shape) : answer;
    return read.ok ? read.value : null;
  };
  const answering = await Promise.all(spec.roles.map((role) => answersOnSocket(home, role)));
  const running = spec.roles.filter((_, index) => answering[index] === true);
  const relay = await ask('relay', '/relay/status', undefined, relayShape);
  const settlement = await ask('settlement', '/settlement/status', {}, settlementShape);
  const published = relay === null ? await valueOf(readConsensus(http, network)) : null;
  const guard = await ask('guard', '/guard/status', undefined, guardShape);
  const known = { node: { home, network: network.networkId, nickname: spec.relay?.nickname ?? null, id: relay?.id ?? null } };
  const seen = {
    node: { ...known.node, roles: spec.roles, running },
    now,
    consensus: aged(relay?.consensus ?? published, now),
    listed: published === null ? null : counted(published),
    directoryTor: (await ask('directory', '/directory/tor', undefined, directoryTorShape))?.tor ?? null,
    relay,
    links: (await ask('relay', '/relay/links', undefined, linksShape))?.links ?? null,
    directory: relay === null ? null : await valueOf(readRelay(http, network, relay.id)),
    settlement,
    next: await nextOf(settlement, now, (interval) => ask('settlement', '/settlement/dry-run', { interval }, dryRunShape)),
    wallets: (await ask('settlement', '/settlement/wallet', {}, walletShape))?.wallets ?? null,
    guard,
    billed: billedBy(guard, relay),
    accounts: (await ask('client', '/client/balance', {}, accountsShape))?.accounts ?? null,
  };
  return { ...seen, needsYou: needsOf(seen) };
}

/** As the relay knows it; of a node without one, as an authority gives it. */
function aged(found: { readonly validAfter: number; readonly validUntil: number } | null, now: number): Status['consensus'] {
  return found === null
    ? null
    : { validAfter: found.validAfter, validUntil: found.validUntil, ageSec: Math.max(0, now - found.validAfter) };
}

/** Intervals whose IOUs the relay still keeps. */
function billedBy(guard: Status['guard'], relay: Status['relay']): Billed[] {
  const certified = new Map((relay?.forOwn ?? []).map(({ interval, bytes }) => [interval, bytes]));
  const kept = (guard?.used ?? []).filter(({ interval }) => certified.has(interval) || interval === relay?.interval);
  return kept.map((used) => {
    const certifiedBytes = certified.get(used.interval) ?? 0n;
    return { ...used, certifiedBytes, difference: certifiedBytes - used.circuitBytes };
  });
}

function counted({ relays }: Consensus): Status['listed'] {
  const withFlag = (flag: Flag): number => relays.filter((one) => one.flags.includes(flag)).length;
  return { relays: relays.length, running: withFlag('Running'), guards: withFlag('Guard') };
}

async function nextOf(
  settlement: z.infer<typeof settlementShape> | null,
  now: number,
  dryRun: (interval: number) => Promise<z.infer<typeof dryRunShape> | null>,
): Promise<Status['next']> {
  const next = settlement?.schedules.find((one) => one.bst > now);
  return next === undefined ? null : { ...next, due: (await dryRun(next.interval))?.sums ?? null };
}

async function valueOf<T>(answer: Promise<Result<T>>): Promise<T | null> {
  const read = await answer;
  return read.ok ? read.value : null;
}
