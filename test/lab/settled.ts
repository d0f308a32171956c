/*
 * A scenario file as an object in; what the running roles settled out, as `ptg scenario --json` prints it. Called by the
 * scenario specs.
 */
import { encode } from '../../core/wire/codec.ts';
import { parseScenario } from '../../lab/scenario/file.ts';
import { runScenario } from '../../lab/scenario/run.ts';

export interface Transfer {
  readonly from: string;
  readonly to: string;
  readonly amount: string;
}
export interface Printed {
  readonly intervals: readonly {
    readonly ious: readonly Record<'issuer' | 'holder' | 'relayBytes' | 'exitBytes' | 'value', string>[];
    readonly payments: readonly Transfer[];
    readonly carried: readonly Transfer[];
    readonly contests: readonly Record<'contestant' | 'accused' | 'amount' | 'outcome', string>[];
    readonly guardFlags: readonly string[];
  }[];
  readonly relays: readonly Record<'name' | 'received' | 'paid' | 'net' | 'usageIncome', string>[];
  readonly subscribers: readonly Record<'name' | 'deposited' | 'spent' | 'balance', string>[];
}

export async function settled(file: object): Promise<Printed> {
  return JSON.parse(await settledText(JSON.stringify(file))) as Printed;
}

/** The same, text to text. */
export async function settledText(file: string): Promise<string> {
  const scenario = parseScenario(file);
  if (!scenario.ok) throw new Error(`${scenario.refusal.code}: ${scenario.refusal.about}`);
  return encode(await runScenario(scenario.value));
}

/** `R1→R2 500`, one a line. */
export function shown(transfers: readonly Transfer[]): string[] {
  return transfers.map(({ from, to, amount }) => `${from}→${to} ${amount}`);
}

/** `X against G 2500 upheld`. */
export function contestsShown({ contests }: Printed['intervals'][number]): string[] {
  return contests.map((one) => `${one.contestant} against ${one.accused} ${one.amount} ${one.outcome}`);
}

/** `R1→R2 relayBytes + exitBytes = value`. */
export function iousShown({ ious }: Printed['intervals'][number]): string[] {
  return ious.map((one) => `${one.issuer}→${one.holder} ${one.relayBytes} + ${one.exitBytes} = ${one.value}`);
}

/** `R1 received paid net usageIncome`. */
export function relaysShown({ relays }: Printed): string[] {
  return relays.map((one) => `${one.name} ${one.received} ${one.paid} ${one.net} ${one.usageIncome}`);
}

/** `U1 deposited spent balance`. */
export function subscribersShown({ subscribers }: Printed): string[] {
  return subscribers.map((one) => `${one.name} ${one.deposited} ${one.spent} ${one.balance}`);
}
