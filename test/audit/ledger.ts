/*
 * The ledger's rows against themselves: each output debited and credited once, nobody but the mint below zero at any time, and in
 * all what the mint issued. Called by audit.ts.
 */
import { number, text, type Rows } from './rows.ts';

export interface Output {
  readonly position: string;
  readonly payer: string;
  readonly payee: string;
  /** `account.reference`. */
  readonly destination: string;
  readonly amount: bigint;
}

interface Entry {
  readonly position: string;
  readonly side: bigint;
  readonly account: string;
  readonly amount: bigint;
}

export interface Ledger {
  readonly outputs: readonly Output[];
  readonly entries: readonly Entry[];
  /** Numbers of an account's transfers. */
  readonly numbers: ReadonlyMap<string, readonly bigint[]>;
}

export async function readLedger(rows: Rows): Promise<Ledger> {
  const outputs = (await rows.table('ledger_output', ['position', 'payer', 'payee', 'ref', 'amount'])).map((row) => ({
    position: text(row, 'position'),
    payer: text(row, 'payer'),
    payee: text(row, 'payee'),
    destination: `${text(row, 'payee')}.${text(row, 'ref')}`,
    amount: number(row, 'amount'),
  }));
  const entries = (await rows.table('ledger_entry', ['position', 'side', 'account', 'amount'])).map((row) => ({
    position: text(row, 'position'),
    side: number(row, 'side'),
    account: text(row, 'account'),
    amount: number(row, 'amount'),
  }));
  const numbers = new Map<string, bigint[]>();
  for (const row of await rows.table('ledger_transfer', ['account', 'number'])) {
    const account = text(row, 'account');
    numbers.set(account, [...(numbers.get(account) ?? []), number(row, 'number')]);
  }
  return { outputs, entries, numbers };
}

export function auditLedger(ledger: Ledger, issued: bigint): string[] {
  return [...auditEntries(ledger), ...auditBalances(ledger, issued), ...auditNumbers(ledger)];
}

function auditEntries({ outputs, entries }: Ledger): string[] {
  const sides = new Map<string, Entry>(entries.map((entry) => [`${entry.position} ${entry.side}`, entry]));
  const faults = outputs.flatMap((output) => {
    const [debit, credit] = [sides.get(`${output.position} -1`), sides.get(`${output.position} 1`)];
    const isDebited = debit?.account === output.payer && debit.amount === -output.amount;
    const isCredited = credit?.account === output.payee && credit.amount === output.amount;
    return isDebited && isCredited ? [] : [`ledger: output ${output.position} is not debited and credited once`];
  });
  return entries.length === 2 * outputs.length ? faults : [...faults, `ledger: ${entries.length} entries of ${outputs.length}`];
}

function auditBalances({ outputs }: Ledger, issued: bigint): string[] {
  const balances = new Map<string, bigint>();
  const mint = outputs[0]?.payer;
  const faults: string[] = [];
  const add = (account: string, amount: bigint): bigint => {
    const balance = (balances.get(account) ?? 0n) + amount;
    balances.set(account, balance);
    return balance;
  };
  for (const { position, payer, payee, amount } of outputs) {
    if (add(payer, -amount) < 0n && payer !== mint) faults.push(`ledger: ${payer} is below zero after output ${position}`);
    add(payee, amount);
  }
  const minted = mint === undefined ? 0n : -(balances.get(mint) ?? 0n);
  return minted === issued ? faults : [...faults, `ledger: the mint issued ${issued}, and ${minted} is held`];
}

function auditNumbers({ numbers }: Ledger): string[] {
  return [...numbers].flatMap(([account, used]) => {
    const sorted = [...used].sort((a, b) => (a < b ? -1 : 1));
    const isWhole = sorted.every((one, index) => one === BigInt(index + 1));
    return isWhole ? [] : [`ledger: transfers of ${account} are not numbered 1, 2, 3 …`];
  });
}
