/*
 * `ptg testbed bitcoin` as a person reads it: the outcome of lab/testbed/bitcoin.ts in; tables out. Amounts are satoshi.
 */
import type { Command } from 'commander';
import { runBitcoinTestbed, type BitcoinOutcome } from '../lab/testbed/bitcoin.ts';
import { grouped, table } from './output.ts';
import { addTestbed } from './testbed.ts';

export function addBitcoinTestbed(testbeds: Command): void {
  addTestbed(testbeds, {
    name: 'bitcoin',
    description: 'a network that is paid in Bitcoin, beside a bitcoind of its own (regtest)',
    run: runBitcoinTestbed,
    text,
    commands: ({ wallets, deposits }) => [
      ...wallets
        .slice(0, 1)
        .flatMap(({ name }) => [`earnings --as ${name}`, `reconcile --as ${name}`, `wallet balance --as ${name}`]),
      ...deposits.slice(0, 1).map(({ subscriber }) => `balance --as ${subscriber}`),
      'docket',
    ],
  });
}

function text({ deposits, intervals, payments, transactions, contests, wallets }: BitcoinOutcome): string {
  const paid = deposits.map((one) => [
    ...[one.subscriber, one.guard, one.destination],
    ...[one.paid, one.credited, one.spent, one.balance].map(grouped),
  ]);
  const ious = intervals.flatMap((one, interval) =>
    one.ious.map((iou) => [
      ...[String(interval), iou.issuer, iou.holder],
      ...[iou.relayBytes, iou.exitBytes, iou.value].map(grouped),
    ]),
  );
  const settled = payments.map((one) => [
    ...[String(one.interval), one.from, one.to, grouped(one.amount), one.payment],
    ...[one.receipted ? 'receipt' : 'proof at the docket', `${one.provenBy} blocks`],
  ]);
  const sent = transactions.map((one) => [
    ...[one.txid, one.payer, String(one.creditors), grouped(one.fee), grouped(one.vbytes)],
    String(one.confirmations),
  ]);
  const cases = contests.map((one) => [
    ...[
      one.contestant,
      one.accused,
      String(one.interval),
      grouped(one.claimed),
      one.answeredBy,
      one.payment?.payment ?? '',
      one.verdict,
    ],
  ]);
  const books = wallets.map((one) => [
    one.name,
    ...[one.opening, one.settlementsReceived, one.otherIncome, one.settlementsPaid, one.fees].map(grouped),
    ...[one.expected, one.balance, one.difference].map(grouped),
  ]);
  return [
    table(['subscriber', 'guard', 'address', 'paid', 'credited', 'spent', 'balance'], paid, 'no deposits'),
    table(['interval', 'issuer', 'holder', 'relay bytes', 'exit bytes', 'value'], ious, 'no IOUs'),
    table(['interval', 'debtor', 'creditor', 'amount', 'payment', 'shown by', ''], settled, 'no payments'),
    table(['transaction', 'payer', 'creditors', 'fee', 'vbytes', 'blocks'], sent, 'no transactions'),
    table(['contestant', 'accused', 'interval', 'claims', 'answered by', '', 'verdict'], cases, 'no contests'),
    table(
      ['wallet', 'opening', 'settled in', 'other income', 'settled', 'fees', 'books', 'holds', 'difference'],
      books,
      'no wallets',
    ),
  ].join('\n');
}
