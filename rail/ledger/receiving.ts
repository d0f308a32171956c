/*
 * Receiving on the ledger rail: an account's public key and a secret in, a fresh destination a name out, and what came in. No
 * private key: guard takes deposits with it. Called by guard, settlement and client.
 */
import { sha256Hex } from '../../core/crypto/hash.ts';
import { invariant, ok } from '../../core/refusal.ts';
import { ledgerDestination } from '../../core/wire/ledger.ts';
import type { Receiving } from '../rail.ts';
import { ledgerApi, type LedgerAccess } from './api.ts';
import { incomingOf, LEDGER } from './entry.ts';

export interface LedgerReceivingOptions extends LedgerAccess {
  /** The account's public key, hex. */
  readonly account: string;
  /** 32 bytes. Without it nobody can tell which destinations belong to one name, or guess the next. */
  readonly refSecret: Uint8Array;
}

export interface LedgerReceiving extends Receiving {
  /** The name's destination: nothing must be kept for it. */
  at(name: string): string;
}

export function ledgerReceiving(options: LedgerReceivingOptions): LedgerReceiving {
  const { account, refSecret } = options;
  invariant(refSecret.length === 32, 'a reference secret has 32 bytes');
  const api = ledgerApi(options);
  const place = (purpose: string, name: string) => {
    const hash = sha256Hex('ptg/ledger-ref/v1\0', refSecret, LEDGER, '\0', purpose, '\0', name);
    return ledgerDestination(account, hash.slice(0, 32));
  };
  return {
    rail: LEDGER,
    at: (name) => place('name', name),
    destination: async (_tx, name) => ok(place('name', name)),
    fallback: () => place('fallback', ''),
    async incoming(cursor) {
      const page = await api.incoming(account, cursor === '' ? '0' : cursor);
      if (!page.ok) return page;
      return ok({ payments: page.value.entries.map(incomingOf), cursor: page.value.next.toString() });
    },
  };
}
