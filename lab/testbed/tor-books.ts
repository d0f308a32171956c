/*
 * The books of the Tor testbed: IOUs beside cells, payments, and all that must add up. Called by tor.ts at the end.
 */
import { bytesOf, distance, type Flags, type Running, type TorOutcome } from './tor-outcome.ts';
import { z } from 'zod';
import { signedUnits } from '../../core/wire/field.ts';
import { callLocal, readEarnings, sum, type IouLine, type PaymentLine } from '../report.ts';
import { CELL_BYTES } from '../../tor/meter.ts';
import type { World } from '../world.ts';
import type { CellsLine } from './tor-cells.ts';
import { DEFAULTER, subscriberPlans } from './tor-plan.ts';

type Cells = TorOutcome['cells'][number];

export function withIous(line: CellsLine, ious: readonly IouLine[]): Cells {
  const own = ious.filter((iou) => iou.issuer === line.issuer && iou.holder === line.holder);
  return { ...line, iouBytes: sum(own.map(bytesOf)), value: sum(own.map((one) => one.value)) };
}

/** For its own subscribers: what it certified, less what was certified to it. */
export function issuedFor(guard: string, ious: readonly IouLine[]): bigint {
  const as = (of: 'issuer' | 'holder'): bigint => sum(ious.filter((iou) => iou[of] === guard).map(bytesOf));
  return as('issuer') - as('holder');
}

export async function readPayments(world: World): Promise<PaymentLine[]> {
  return [...(await readEarnings(world))].flatMap(([from, lines]) =>
    lines.filter((one) => one.paid > 0n).map((one) => ({ from, to: world.relayName(one.peer), amount: one.paid })),
  );
}

const reconciled = z.object({ wallets: z.array(z.object({ expected: signedUnits, balance: signedUnits }).loose()) });

/** Tor's cells, signed IOUs, bills, receipts and flags: each by two ways that do not know of each other. */
export async function checkAll(
  running: Running,
  outcome: Omit<TorOutcome, 'network' | 'stages' | 'checks'>,
  ious: readonly IouLine[],
): Promise<void> {
  const { stages, world, parameters } = running;
  const { cells, bills, downloads, payments, contests, flags, overhead } = outcome;
  for (const line of cells) {
    const apart = distance(line.iouBytes, line.owedBytes);
    const within = `within ${APART_CELLS} cells a circuit`;
    const is = apart <= BigInt(line.circuits * APART_CELLS) * CELL_BYTES;
    stages.check(`IOUs from ${line.issuer} to ${line.holder}, and cells`, within, is ? within : `${apart} bytes apart`);
  }
  stages.check(
    'links with paid circuits, and with IOUs',
    cells.length,
    new Set(ious.map((iou) => `${iou.issuer} ${iou.holder}`)).size,
  );
  for (const one of bills) stages.check(`the last tally of ${one.subscriber}, at its guard and here`, one.charge, one.signed);
  for (const one of bills) {
    const own = cells.filter((line) => line.issuer === one.guard).reduce((sum, line) => sum + line.circuits, 0);
    const started = parameters.startingBytes * BigInt(own);
    const [billedBytes, what] = [one.circuitBytes + one.otherBytes, 'what passed, and starting amounts'];
    const is = billedBytes <= one.carried + started && billedBytes * 100n >= one.carried * 99n;
    stages.check(`bill of ${one.subscriber}, in bytes`, what, is ? what : `${billedBytes} of ${one.carried}`);
    const certified = `within ${APART_CELLS} cells a circuit`;
    const isSame = distance(one.circuitBytes, one.iouBytes) <= BigInt(own * APART_CELLS) * CELL_BYTES;
    stages.check(
      `circuits of that bill, and IOUs for them`,
      certified,
      isSame ? certified : `${one.circuitBytes}, ${one.iouBytes}`,
    );
  }
  const used = bills.length;
  stages.check('who is billed', subscriberPlans.length, used);
  stages.check('who downloaded', subscriberPlans.length + 1, new Set(downloads.map((one) => one.user)).size);
  const earned = [...(await readEarnings(world)).values()].flat();
  stages.check('paid, and received', sum(payments.map((one) => one.amount)), sum(earned.map((one) => one.received)));
  for (const [name, node] of world.relays) {
    const { wallets } = await callLocal(node, 'settlement', '/settlement/reconcile', {}, reconciled);
    for (const one of wallets) stages.check(`wallet of ${name}: by its books, and held`, one.expected, one.balance);
  }
  stages.check('contests against others than who did not pay', 0, contests.filter((one) => one.accused !== DEFAULTER).length);
  const [before, denied, cleared] = flags;
  stages.check(`${DEFAULTER} in Tor before`, GUARD, flagText(before));
  stages.check(`${DEFAULTER} in Tor while its default counts`, MIDDLE_ONLY, flagText(denied));
  stages.check(`${DEFAULTER} in Tor when it has paid`, GUARD, flagText(cleared));
  const isSmall = overhead.messages * 100n < overhead.traffic;
  stages.check(
    'messages of payment beside the traffic',
    'under 1 %',
    isSmall ? 'under 1 %' : `${overhead.messages} of ${overhead.traffic}`,
  );
}

/** EXTEND and EXTENDED end at the hop that they are for, and a link may have cells on their way. */
const APART_CELLS = 4;

const GUARD = 'Guard';
const MIDDLE_ONLY = 'MiddleOnly';

function flagText(flags: Flags | undefined): string {
  return (flags?.tor ?? []).filter((one) => one === GUARD || one === MIDDLE_ONLY).join(' ');
}
