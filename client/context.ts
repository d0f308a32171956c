/*
 * What every item of the client is given. Made once by main.ts.
 */
import type { SigningKey } from '../core/crypto/keys.ts';
import { intervalAt } from '../core/rule/interval.ts';
import { parametersOf } from '../host/network/prices.ts';
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

export function intervalNow(network: NetworkView, now: number): number {
  const parameters = parametersOf(network);
  return parameters === null ? 0 : intervalAt(parameters, now);
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
