/*
 * `ptg testbed tor` and `all` as a person reads them: the outcome of lab/testbed/tor.ts in; tables out. Amounts are smallest units.
 */
import type { Command } from 'commander';
import type { TorOutcome } from '../lab/testbed/tor-outcome.ts';
import { runTorTestbed, runWholeTestbed } from '../lab/testbed/tor.ts';
import { grouped, table } from './output.ts';
import { addTestbed } from './testbed.ts';

export function addTorTestbed(testbeds: Command): void {
  addTestbed(testbeds, {
    ...shown,
    name: 'tor',
    description: 'a private Tor network on this machine, whose relays are paid for what they carry',
    run: runTorTestbed,
  });
  addTestbed(testbeds, {
    ...shown,
    name: 'all',
    description: 'the same Tor network, whose relays are paid in Bitcoin (regtest)',
    run: runWholeTestbed,
  });
}

const shown = {
  text,
  commands: ({ bills }: TorOutcome) => [
    ...bills
      .slice(0, 1)
      .flatMap(({ guard, subscriber }) => [
        ...[`status --as ${guard}`, `links --as ${guard}`, `earnings --as ${guard}`],
        ...[`bills --as ${subscriber}`, `balance --as ${subscriber}`],
      ]),
    'docket',
  ],
};

function text({ bills, cells, links, payments, contests, flags, overhead }: TorOutcome): string {
  const billed = bills.map((one) => [
    ...[one.subscriber, one.guard],
    ...[one.carried, one.circuitBytes, one.otherBytes, one.charge, one.signed, one.iouBytes].map(grouped),
  ]);
  const certified = cells.map((one) => [
    ...[one.issuer, one.holder, String(one.circuits)],
    ...[one.cells, one.owedBytes, one.iouBytes, one.value].map(grouped),
  ]);
  const counted = links.map((one) => [
    ...[one.a, one.b],
    ...[one.sentByA, one.receivedByB, one.sentByB, one.receivedByA].map(grouped),
  ]);
  const paid = payments.map((one) => [one.from, one.to, grouped(one.amount)]);
  const cases = contests.map((one) => [one.contestant, one.accused, grouped(one.amount), one.outcome]);
  const flagged = flags.map((one) => [one.at, one.guards.join(' '), one.tor.join(' ')]);
  return [
    table(
      ['subscriber', 'guard', 'passed', 'circuits', 'the rest', 'charge', 'signed', 'IOUs for it'],
      billed,
      'nobody used anything',
    ),
    table(['issuer', 'holder', 'circuits', 'cells sent', 'bytes owed for', 'IOU bytes', 'value'], certified, 'no paid circuits'),
    table(['link', '', 'sent', 'received', 'sent back', 'received back'], counted, 'no links'),
    table(['paid by', 'to', 'amount'], paid, 'no payments'),
    table(['contestant', 'accused', 'amount', 'outcome'], cases, 'no contests'),
    table(['when', 'guards of the network', 'flags of the accused in Tor'], flagged, 'no flags'),
    `Messages of payment: ${grouped(overhead.messages)} bytes, beside ${grouped(overhead.traffic)} of paid traffic.\n`,
  ].join('\n');
}
