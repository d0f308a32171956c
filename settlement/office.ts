/*
 * What every flow of this role shares: who I am, my keys, my wallets, the network as I see it, and the way to outbox and jobs.
 * Made once by main.ts from ports and config.
 */
import { signingKey, type SigningKey } from '../core/crypto/keys.ts';
import { refuser, type Result } from '../core/refusal.ts';
import { intervalAt, scheduleOf, type Schedule } from '../core/rule/interval.ts';
import { currentKeySet, keySetFor } from '../core/wire/descriptor.ts';
import { settlementRefusals } from '../core/wire/settlement.ts';
import type { Terms } from '../core/wire/terms.ts';
import { placeAt } from '../host/http/place.ts';
import type { Outbox } from '../host/outbox.ts';
import type { Jobs } from '../host/jobs.ts';
import type { Parameters } from '../core/wire/parameters.ts';
import { sealingKeyOf } from '../host/network/sealing.ts';
import type { Ports, SealingKey } from '../host/ports.ts';
import { sealingKeyFromSeed } from '../host/seal.ts';
import type { RailReader, Wallet } from '../rail/rail.ts';
import { settlementConfig, type SettlementConfig } from './config.ts';
import type { ZodType } from 'zod';

/** One way to be paid and to pay. */
export interface OwnRail {
  readonly wallet: Wallet;
  readonly reader: RailReader;
  /** Where earnings go by themselves; without it they stay. */
  readonly sweep?: SweepRules;
}

export interface SweepRules {
  /** What stays in the wallet beyond all that is due. */
  readonly above: bigint;
  /** Of the sweep of that number, from 0. */
  destination(number: number): string;
  /** Each is another; else all are one. */
  readonly isFresh: boolean;
  /** The node's guard keeps balances that subscribers may withdraw. */
  readonly hasSubscribers: boolean;
}

export interface SettlementPorts extends Ports {
  /** In order of preference. */
  readonly rails: readonly OwnRail[];
}

export interface Signer {
  readonly number: number;
  readonly key: SigningKey;
}

export interface Office {
  readonly me: string;
  readonly nickname: string;
  readonly payouts: 'auto' | 'manual';
  readonly contests: 'auto' | 'ask';
  readonly restored: boolean;
  /** The name of that restore, or null. */
  readonly restore: string | null;
  readonly ports: SettlementPorts;
  readonly networkId: string;
  readonly rails: readonly string[];
  readonly sealing: readonly SealingKey[];
  rail(name: string): OwnRail | null;
  /** With which objects of that interval are signed. */
  signer(interval: number): Signer;
  /** Rails that did not answer when they were last asked: since which second. */
  readonly downSince: Map<string, number>;
  /** Intervals whose books this process knows to be closed: they stay so. */
  readonly closed: Set<number>;
  put: Outbox['put'];
  putAll: Outbox['putAll'];
  schedule: Jobs['schedule'];
}

export function openOffice(
  ports: SettlementPorts,
  given: SettlementConfig,
  way: Pick<Office, 'put' | 'putAll' | 'schedule'>,
): Office {
  const config = settlementConfig.parse(given);
  const signers = config.keys.map(({ number, seed }) => ({ number, key: signingKey(seed) }));
  const newest = signers.reduce((best, one) => (one.number > best.number ? one : best));
  return {
    me: config.id,
    nickname: config.nickname,
    payouts: config.payouts,
    contests: config.contests,
    restored: config.restored,
    restore: config.restore ?? null,
    ports,
    downSince: new Map(),
    networkId: ports.network.network.networkId,
    rails: ports.rails.map((one) => one.wallet.rail),
    sealing: config.keys.map(({ number, sealingSeed }) => sealingKeyFromSeed(sealingSeed, number)),
    rail: (name) => ports.rails.find((one) => one.wallet.rail === name) ?? null,
    signer(interval) {
      const own = ports.network.descriptor(config.id);
      const number = own === null ? null : currentKeySet(own.body, interval)?.number;
      return signers.find((one) => one.number === number) ?? newest;
    },
    closed: new Set(),
    ...way,
  };
}

/** The parameters of an interval; of the newest known one while its terms are not fixed. */
export function parametersFor(office: Office, interval: number): Parameters | null {
  const view = office.ports.network;
  const terms = view.terms(interval) ?? view.consensus()?.body.terms.at(-1) ?? null;
  return terms?.parameters ?? null;
}

export function scheduleFor(office: Office, interval: number): Schedule | null {
  const parameters = parametersFor(office, interval);
  return parameters === null ? null : scheduleOf(parameters, interval);
}

/** The interval that runs now, or null before the first consensus. */
export function runningInterval(office: Office): number | null {
  const parameters = parametersFor(office, -1);
  return parameters === null ? null : intervalAt(parameters, office.ports.clock.now());
}

/** What a rail answered: since when it does not is told by `ptg status`. A process that has just started has seen nothing fail. */
export function heard<T>({ downSince, ports }: Office, rail: string, answer: Result<T>): Result<T> {
  const now = ports.clock.now();
  if (answer.ok) downSince.delete(rail);
  // A clock that stands still is that of a node which does not run.
  else if (now > 0 && !downSince.has(rail)) downSince.set(rail, now);
  return answer;
}

/** What a relay's descriptor names for payments to it while it is silent (rule 9). */
export function publishedFallback({ ports: { network } }: Office, rail: string, relay: string): string | undefined {
  return network.descriptor(relay)?.body.rails.find((one) => one.rail === rail)?.fallback;
}

/** Where the creditor that has published it is paid for this settlement alone; null where the rail has one fallback for all. */
export function ownFallback({ reader }: OwnRail, published: string | undefined, settlement: string): string | null {
  const destination = published === undefined ? undefined : reader.fallbackFor(published, settlement);
  return destination === undefined || destination === published ? null : destination;
}

/** Seconds between two looks at a rail while something is outstanding. */
export function pollSec(office: Office, windowSec: (parameters: Parameters) => number = (one) => one.paymentWindowSec): number {
  const parameters = parametersFor(office, -1);
  return parameters === null ? 1 : Math.max(1, Math.floor(windowSec(parameters) / 60));
}

/** The settlement key that a relay's objects of an interval are signed with, by the directory. */
export function settlementKeyOf(office: Office, relay: string, number: number, interval: number): string | null {
  const found = office.ports.network.descriptor(relay);
  return found === null ? null : (keySetFor(found.body, number, interval)?.settlement ?? null);
}

export interface KnownTerms {
  readonly terms: Terms;
  readonly digest: string;
}

export function termsFor(office: Office, interval: number): KnownTerms | null {
  const terms = office.ports.network.terms(interval);
  const digest = office.ports.network.termsDigest(interval);
  return terms === null || digest === null ? null : { terms, digest };
}

const refuse = refuser(settlementRefusals);

/** Sealed, to the settlement role of another relay. */
export async function callPeer<T>(
  office: Office,
  peer: string,
  call: { readonly path: string; readonly tag: string; readonly body: unknown },
  output: ZodType<T>,
): Promise<Result<T>> {
  const found = office.ports.network.descriptor(peer);
  const interval = runningInterval(office) ?? 0;
  const toKey = found === null ? null : sealingKeyOf(found.body, 'settlement', interval);
  if (found === null || toKey === null) return refuse('settlement-unknown-relay', peer);
  const url = placeAt(found.body.urls.settlement, call.path);
  const key = sealingOf(office, interval);
  return office.ports.http.link({ url, tag: call.tag, body: call.body, from: office.me, key, to: peer, toKey }, output);
}

export function sealingOf(office: Office, interval: number): SealingKey {
  const { number } = office.signer(interval);
  return office.sealing.find((one) => one.number === number) as SealingKey;
}
