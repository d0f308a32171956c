/*
 * A column of another currency for accountants: `fiat` of ptg.toml, a fixed rate or a file of them, in; what an amount of a time is worth, and
 * by which rate, out. Exact until its one rounding. Called by operator.ts for `ptg earnings --csv`.
 */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { ok, refuser, type Result } from '../core/refusal.ts';
import { readConfig } from '../host/config.ts';
import { nodeSpec } from '../node/spec.ts';

export const fiatRefusals = {
  'fiat-rates': {
    retry: false,
    text: 'the rates of fiat in ptg.toml cannot be read',
    remedy: 'give a file of lines time,rate: 2026-11-22T00:00:00Z,58000.25, oldest first',
  },
} as const;
const refuse = refuser(fiatRefusals);

/** Of one whole coin in the currency: numerator / 10^decimals. */
interface Rate {
  /** Seconds since 1970; null of a fixed one. */
  readonly at: number | null;
  readonly text: string;
  readonly numerator: bigint;
  readonly decimals: number;
}

export interface Fiat {
  readonly rail: string;
  /** The head of the column says which rate of which time. */
  readonly head: string;
  /** With the rate and its time; null where there is no rate of then. */
  worth(amount: bigint, at: number): { readonly amount: string; readonly rate: string; readonly of: string } | null;
}

/** Units of a rail that make what a rate is of. */
const UNITS_OF_COIN: Readonly<Record<string, bigint>> = { bitcoin: 100_000_000n };

/** Null where ptg.toml has none. */
export async function readFiat(home: string): Promise<Result<Fiat | null>> {
  const spec = await readConfig(join(home, 'ptg.toml'), nodeSpec);
  if (!spec.ok) return spec;
  const { fiat } = spec.value;
  if (fiat === undefined) return ok(null);
  const { currency, decimals, rail, rate, at, rates: file } = fiat;
  const coin = rail === 'bitcoin' ? 'BTC' : `unit of ${rail}`;
  const fixed = rate === undefined ? null : { ...rateOf(rate), at: null };
  const read = fixed !== null ? ok([fixed]) : await readRates(home, file ?? '');
  if (!read.ok) return read;
  const which =
    fixed !== null
      ? `${fixed.text} ${currency} per ${coin} of ${at ?? ''}`
      : `${file ?? ''}: the last rate per ${coin} at or before the payment`;
  const unitsOfCoin = UNITS_OF_COIN[rail] ?? 1n;
  return ok({
    rail,
    head: `change in ${currency} (${which}; rounded half to even)`,
    worth(amount, time) {
      const found = read.value.filter((one) => one.at === null || one.at <= time).at(-1);
      if (found === undefined) return null;
      const divisor = unitsOfCoin * 10n ** BigInt(found.decimals);
      const minor = roundHalfEven(amount * found.numerator * 10n ** BigInt(decimals), divisor);
      const of = found.at === null ? (at ?? '') : isoOf(found.at);
      return { amount: decimalText(minor, decimals), rate: found.text, of };
    },
  });
}

const LINE = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z|\d{1,12}),(\d{1,18}(?:\.\d{1,18})?)$/;
const RATES_BYTES_MAX = 16 * 1024 * 1024;

async function readRates(home: string, file: string): Promise<Result<Rate[]>> {
  const path = isAbsolute(file) ? file : join(home, file);
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null || text.length > RATES_BYTES_MAX) return refuse('fiat-rates', path);
  const rates: Rate[] = [];
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line === '' || (index === 0 && line === 'time,rate')) continue;
    const [, time = '', rate = ''] = LINE.exec(line) ?? [];
    const at = /^\d+$/.test(time) ? Number(time) : Date.parse(time) / 1000;
    if (rate === '' || !Number.isSafeInteger(at) || at < (rates.at(-1)?.at ?? 0))
      return refuse('fiat-rates', `${path}:${index + 1}`);
    rates.push({ ...rateOf(rate), at });
  }
  return ok(rates);
}

function rateOf(text: string): Omit<Rate, 'at'> {
  const [whole = '', fraction = ''] = text.split('.');
  return { text, numerator: BigInt(whole + fraction), decimals: fraction.length };
}

/** The one rounding: to the nearest, and from the middle to the even one, so that many of them lean to neither side. */
export function roundHalfEven(numerator: bigint, divisor: bigint): bigint {
  const sign = numerator < 0n ? -1n : 1n;
  const size = numerator * sign;
  const [floor, twice] = [size / divisor, (size % divisor) * 2n];
  const isUp = twice > divisor || (twice === divisor && floor % 2n === 1n);
  return sign * (isUp ? floor + 1n : floor);
}

function decimalText(minor: bigint, decimals: number): string {
  const digits = String(minor < 0n ? -minor : minor).padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  return `${minor < 0n ? '-' : ''}${whole}${decimals === 0 ? '' : `.${digits.slice(-decimals)}`}`;
}

export function isoOf(at: number): string {
  return new Date(at * 1000).toISOString().replace('.000Z', 'Z');
}
