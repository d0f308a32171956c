/*
 * A wallet on the ledger rail: an account's signing key and its reference secret in; balance, destinations and payments out.
 * Called by settlement and by a subscriber's client.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { TRANSFER_OUTPUTS_MAX } from '../../core/limits.ts';
import { ok, type Result } from '../../core/refusal.ts';
import { inTurn } from '../../host/in-turn.ts';
import { sideBySide } from '../../host/side-by-side.ts';
import type { Batch, BatchPaid, SentPayment, Wallet } from '../rail.ts';
import { ledgerApi, type LedgerAccess } from './api.ts';
import { payBatch } from './pay.ts';
import { ledgerReader } from './reader.ts';
import { ledgerReceiving, type LedgerReceiving } from './receiving.ts';

export interface LedgerWalletOptions extends LedgerAccess {
  readonly key: SigningKey;
  /** 32 bytes; see receiving.ts. */
  readonly refSecret: Uint8Array;
}

/** What it pays is in the log at once. */
export interface LedgerWallet extends Wallet, LedgerReceiving {
  pay(batch: Batch): Promise<Result<BatchPaid>>;
}

/** Each is a call to the ledger. */
const LOOKS_AT_ONCE = 16;

export function ledgerWallet({ http, network, key, refSecret }: LedgerWalletOptions): LedgerWallet {
  const api = ledgerApi({ http, network });
  const reader = ledgerReader({ http, network });
  const balance = async () => {
    const account = await api.account(key.publicKey);
    return account.ok ? ok(account.value.balance) : account;
  };
  // Two payments at once would only race for the account's next number.
  const turn = inTurn();
  return {
    ...ledgerReceiving({ http, network, account: key.publicKey, refSecret }),
    balance,
    // What is in the log stays there: nothing is under way.
    held: balance,
    waiting: async () => ok(0n),
    quote: async () => ok(0n),
    batchMax: TRANSFER_OUTPUTS_MAX,
    pay: (batch) => turn(() => payBatch(api, network.networkId, key, batch)),
    async sentTo(destinations) {
      const found: SentPayment[] = [];
      const looked = await sideBySide(destinations, LOOKS_AT_ONCE, async (destination) => {
        const history = await reader.history(destination);
        if (history.ok) found.push(...history.value.map((one) => ({ ...one, isFinal: true })));
        return history;
      });
      return looked.find((one) => !one.ok) ?? ok(found);
    },
  };
}
