/*
 * The ledger's endpoints as its users call them: parameters in, checked answers out. Called by everything in this folder.
 */
import { z } from 'zod';
import { PAGE_ROWS_MAX, TRANSFER_ANSWER_BYTES_MAX } from '../../core/limits.ts';
import { invariant, ok, type Result } from '../../core/refusal.ts';
import { signedUnits } from '../../core/wire/field.ts';
import {
  ledgerAccount,
  ledgerPage,
  ledgerProof,
  transferAnswer,
  type LedgerEntry,
  type LedgerPage,
  type LedgerProof,
  type SignedTransfer,
  type TransferAnswer,
} from '../../core/wire/ledger.ts';
import type { Network } from '../../core/wire/network.ts';
import type { HttpClient } from '../../host/ports.ts';

export interface LedgerAccess {
  readonly http: Pick<HttpClient, 'get' | 'post'>;
  readonly network: Network;
}

export interface LedgerApi {
  account(account: string): Promise<Result<{ account: string; balance: bigint; nextNumber: bigint }>>;
  transfer(signed: SignedTransfer): Promise<Result<TransferAnswer>>;
  incoming(account: string, after: string): Promise<Result<LedgerPage>>;
  /** Every entry of a destination, page by page. */
  destination(to: string, ref: string): Promise<Result<LedgerEntry[]>>;
  proof(position: string): Promise<Result<LedgerProof>>;
}

const accountShown = z.strictObject({ ...ledgerAccount.shape, balance: signedUnits });

export function ledgerApi({ http, network }: LedgerAccess): LedgerApi {
  const root = `${ledgerOf(network).url.replace(/\/$/, '')}/ledger`;
  return {
    account: (account) => http.get(`${root}/accounts/${account}`, accountShown),
    transfer: (signed) => http.post(`${root}/transfers`, signed, transferAnswer, { answerMax: TRANSFER_ANSWER_BYTES_MAX }),
    incoming: (account, after) => http.get(`${root}/accounts/${account}/incoming?after=${after}`, ledgerPage),
    async destination(to, ref) {
      const entries: LedgerEntry[] = [];
      for (let after = 0n; ;) {
        const page = await http.get(`${root}/destinations/${to}/${ref}?after=${after}`, ledgerPage);
        if (!page.ok) return page;
        entries.push(...page.value.entries);
        // A page that is not full is the last; one that does not go forward would never end.
        if (page.value.entries.length < PAGE_ROWS_MAX || page.value.next <= after) return ok(entries);
        after = page.value.next;
      }
    },
    proof: (position) => http.get(`${root}/entries/${position}/proof`, ledgerProof),
  };
}

export function ledgerOf(network: Network): NonNullable<Network['ledger']> {
  invariant(network.ledger !== null, 'the network has a ledger');
  return network.ledger;
}
