/*
 * A wallet on the ledger rail: an account's signing key and its reference secret in; balance, destinations and payments out.
 * Called by settlement and by a subscriber's client.
 */
import type { SigningKey } from '../../core/crypto/keys.ts';
import { TRANSFER_OUTPUTS_MAX } from '../../core/limits.ts';
import { ok } from '../../core/refusal.ts';
import { inTurn } from '../../host/in-turn.ts';
import type { Wallet } from '../rail.ts';
import { ledgerApi, type LedgerAccess } from './api.ts';
import { payBatch } from './pay.ts';
import { ledgerReceiving } from './receiving.ts';

export interface LedgerWalletOptions extends LedgerAccess {
  readonly key: SigningKey;
  /** 32 bytes; see receiving.ts. */
  readonly refSecret: Uint8Array;
}

export function ledgerWallet({ http, network, key, refSecret }: LedgerWalletOptions): Wallet {
  const api = ledgerApi({ http, network });
  // Two payments at once would only race for the account's next number.
  const turn = inTurn();
  return {
    ...ledgerReceiving({ http, network, account: key.publicKey, refSecret }),
    async balance() {
      const account = await api.account(key.publicKey);
      return account.ok ? ok(account.value.balance) : account;
    },
    quote: async () => ok(0n),
    batchMax: TRANSFER_OUTPUTS_MAX,
    pay: (batch) => turn(() => payBatch(api, network.networkId, key, batch)),
  };
}
