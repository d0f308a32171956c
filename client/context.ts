/*
 * What every item of the client is given. Made once by main.ts.
 */
import type { SigningKey } from '../core/crypto/keys.ts';
import { intervalAt } from '../core/rule/interval.ts';
import { railTermsOf } from '../core/rule/price.ts';
import type { Parameters, RailTerms } from '../core/wire/parameters.ts';
import type { Terms } from '../core/wire/terms.ts';
import type { NetworkView, Ports, Tx } from '../host/ports.ts';
import type { RailReader, Wallet } from '../rail/rail.ts';
import type { ClientTransport } from '../tor/meter.ts';

export interface ClientPorts extends Ports {
  /** Null where this client only keeps an account. */
  readonly transport: ClientTransport | null;
  readonly wallet: Wallet | null;
  readonly readers: Readonly<Record<string, RailReader>>;
}

export type JobName = 'tallies' | 'deposits' | 'withdrawals' | 'complaints';

export interface Client {
  readonly ports: ClientPorts;
  readonly key: SigningKey;
  schedule(tx: Tx, job: JobName, due: number): Promise<void>;
}

/** The newest parameters known; null before the first consensus. */
export function parametersOf(network: NetworkView): Parameters | null {
  return network.consensus()?.body.terms[0]?.parameters ?? null;
}

export function intervalNow(network: NetworkView, now: number): number {
  const parameters = parametersOf(network);
  return parameters === null ? 0 : intervalAt(parameters, now);
}

export interface Prices {
  readonly terms: Terms;
  readonly rail: RailTerms;
}

/** An interval's terms and its prices on a rail; null where they are not known. */
export function pricesOf(network: NetworkView, interval: number, rail: string): Prices | null {
  const terms = network.terms(interval);
  const railTerms = terms === null ? null : railTermsOf(terms, rail);
  return terms === null || railTerms === null ? null : { terms, rail: railTerms };
}

/** When something that did not get through is tried again: thrice a consensus. */
export function retryAfter(network: NetworkView, now: number): number {
  const parameters = parametersOf(network);
  if (parameters === null) return now + 1;
  const every = Math.max(1, Math.floor(parameters.consensusSec / 3));
  return parameters.genesis + (Math.floor((now - parameters.genesis) / every) + 1) * every;
}

export function randomHex(ports: Pick<Ports, 'entropy'>, bytes: number): string {
  return Buffer.from(ports.entropy.bytes(bytes)).toString('hex');
}
