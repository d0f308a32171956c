/*
 * What the Bitcoin testbed reads when it is done: the books of its relays, the docket, and beside them the chain itself, by which each is
 * checked. A running world and its bitcoind in; plain values out. Called by bitcoin.ts.
 */
import { z } from 'zod';
import { signedSchema } from '../../core/crypto/sign.ts';
import { PAYMENT_PROOF_CHARS_MAX } from '../../core/limits.ts';
import { invariant } from '../../core/refusal.ts';
import { decode } from '../../core/wire/codec.ts';
import { bitcoinProof, HEADER_BYTES } from '../../core/wire/bitcoin.ts';
import { hex32, interval as intervalField, signedUnits, units } from '../../core/wire/field.ts';
import { receipt, type PaymentProof } from '../../core/wire/settlement.ts';
import { DOCKET_CASE_BYTES_MAX, docketCase } from '../../core/wire/verdict.ts';
import { amount, hash, integer } from '../../rail/bitcoin/exact.ts';
import { BITCOIN, parsePayment } from '../../rail/bitcoin/payment.ts';
import { bitcoinReader } from '../../rail/bitcoin/reader.ts';
import { callLocal, need, readContests } from '../report.ts';
import type { World } from '../world.ts';
import { bitcoinRules } from './bitcoin-plan.ts';
import type { Bitcoind } from './bitcoind.ts';

/** What a proof shows to anybody, without a node. */
const offline = bitcoinReader({ rules: bitcoinRules, rpc: null });

export interface Paid {
  readonly interval: number;
  readonly from: string;
  readonly to: string;
  readonly amount: bigint;
  /** txid:output */
  readonly payment: string;
  /** Blocks in the proof that the creditor signed, or that the docket was shown. */
  readonly provenBy: number;
  /** Whether the creditor gave its receipt; else it is known by the proof that the docket took. */
  readonly receipted: boolean;
  /** What that proof shows, reckoned without a node. */
  readonly proven: bigint;
}

const statements = z.object({
  statements: z.array(
    z.object({ interval: intervalField, peer: hex32, side: z.string().nullable(), receipt: signedSchema(receipt).nullable() }),
  ),
});

/** Every payment that its creditor has signed for, as the debtors hold the receipts. */
export async function readReceipted(world: World): Promise<Paid[]> {
  const paid: Paid[] = [];
  for (const [from, node] of world.relays) {
    const shown = await callLocal(node, 'settlement', '/settlement/statements-list', { interval: null }, statements);
    for (const { interval, peer, side, receipt: signed } of shown.statements) {
      if (side !== 'debtor' || signed === null || signed.body.amount === 0n) continue;
      const { amount: owed, payment, proof } = signed.body;
      const to = world.relayName(peer);
      paid.push({ interval, from, to, amount: owed, payment, receipted: true, ...shownBy(proof) });
    }
  }
  return paid;
}

function shownBy(proof: PaymentProof): { provenBy: number; proven: bigint } {
  const shown = offline.verify(proof);
  const read = decode(proof.proof, bitcoinProof, PAYMENT_PROOF_CHARS_MAX);
  const headers = read.ok ? Buffer.from(read.value.headers, 'base64').length / HEADER_BYTES : 0;
  return { provenBy: headers, proven: shown?.amount ?? 0n };
}

export interface Contested {
  readonly contestant: string;
  readonly accused: string;
  readonly interval: number;
  readonly claimed: bigint;
  readonly verdict: string;
  /** By what it was answered: `payment` is a rail's proof. */
  readonly answeredBy: string;
  /** The payment that the proof shows; null where it was answered otherwise. */
  readonly payment: Paid | null;
}

/** Every contest of the docket. */
export async function readContested(world: World): Promise<Contested[]> {
  const all: Contested[] = [];
  for (const { case: id, contestant, accused, interval } of await readContests(world)) {
    const url = `${world.network.authorities[0]?.url ?? ''}/directory/docket/case/${id}`;
    const shown = need(await world.authority.http.get(url, docketCase, { answerMax: DOCKET_CASE_BYTES_MAX }));
    invariant(shown.about.kind === 'contest', 'the case of a contest is one');
    const { signed, appeals } = shown.about;
    const evidence = appeals.at(-1)?.signed.body.evidence;
    const answeredBy = evidence?.kind ?? 'nothing';
    const ends = { interval, from: accused, to: contestant };
    const payment = evidence?.kind === 'payment' ? paidBy(ends, evidence.proof) : null;
    all.push({
      ...{ contestant, accused, interval, claimed: signed.body.amount, verdict: shown.line.state, answeredBy, payment },
    });
  }
  return all;
}

function paidBy(ends: Pick<Paid, 'interval' | 'from' | 'to'>, proof: PaymentProof): Paid {
  const shown = offline.verify(proof);
  const amount = shown?.amount ?? 0n;
  return { ...ends, amount, payment: shown?.payment ?? '', receipted: false, ...shownBy(proof) };
}

export interface Books {
  readonly name: string;
  readonly opening: bigint;
  readonly settlementsReceived: bigint;
  readonly otherIncome: bigint;
  readonly settlementsPaid: bigint;
  readonly fees: bigint;
  readonly expected: bigint;
  readonly balance: bigint;
  readonly difference: bigint;
}

const reconciled = z.object({
  wallets: z.array(
    z.object({
      ...{
        rail: z.string(),
        opening: units,
        settlementsReceived: units,
        otherIncome: units,
        settlementsPaid: units,
        fees: units,
      },
      ...{ expected: signedUnits, balance: signedUnits, difference: signedUnits },
    }),
  ),
});

/** `ptg reconcile` of each relay. */
export async function readBooks(world: World): Promise<Books[]> {
  const all: Books[] = [];
  for (const [name, node] of world.relays) {
    const { wallets } = await callLocal(node, 'settlement', '/settlement/reconcile', {}, reconciled);
    const own = wallets.find((one) => one.rail === BITCOIN);
    invariant(own !== undefined, 'a relay of this network has a Bitcoin wallet');
    const { opening, settlementsReceived, otherIncome, settlementsPaid, fees, expected, balance, difference } = own;
    all.push({ name, opening, settlementsReceived, otherIncome, settlementsPaid, fees, expected, balance, difference });
  }
  return all;
}

export interface OnChain {
  readonly txid: string;
  readonly payer: string;
  readonly creditors: number;
  readonly fee: bigint;
  /** Virtual bytes. */
  readonly vbytes: number;
  readonly confirmations: number;
}

const onChain = z.object({
  ...{ vsize: integer, fee: amount, confirmations: integer },
  vout: z.array(z.object({ n: integer, value: amount })),
});

/** What each payment's output holds, by the chain; and the transactions that they are in. */
export async function readChain(
  node: Bitcoind,
  paid: readonly Paid[],
): Promise<{ readonly amounts: ReadonlyMap<string, bigint>; readonly transactions: readonly OnChain[] }> {
  const amounts = new Map<string, bigint>();
  const transactions = new Map<string, OnChain>();
  for (const { payment, from } of paid) {
    const place = parsePayment(payment);
    if (place === null) continue;
    const shown = onChain.parse(await node.ask('getrawtransaction', hash.parse(place.txid), 2));
    const { vsize: vbytes, fee, confirmations } = shown;
    amounts.set(payment, shown.vout.find(({ n }) => n === place.output)?.value ?? 0n);
    const creditors = (transactions.get(place.txid)?.creditors ?? 0) + 1;
    transactions.set(place.txid, { txid: place.txid, payer: from, creditors, fee, vbytes, confirmations });
  }
  return { amounts, transactions: [...transactions.values()] };
}
