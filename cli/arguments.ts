/*
 * What a person types as an argument, read strictly: a wrong one is wrong usage (exit code 2).
 */
import { InvalidArgumentError } from 'commander';
import type { ZodType } from 'zod';
import { UNITS_MAX } from '../core/limits.ts';

/** An amount in the rail's smallest units; thousands may be grouped by `_`, or as the tables group them. */
export function amountArgument(text: string): bigint {
  const digits = text.replace(/[_ \u2009\u202f]/g, '');
  if (!/^[0-9]{1,19}$/.test(digits)) throw new InvalidArgumentError('an amount is a whole number of the smallest units.');
  const amount = BigInt(digits);
  if (amount === 0n || amount > UNITS_MAX) throw new InvalidArgumentError('an amount is above zero and below 2^63.');
  return amount;
}

export function wholeNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}

export function shapedArgument<T>(shape: ZodType<T>, what: string): (text: string) => T {
  return (text) => {
    const read = shape.safeParse(text);
    if (!read.success) throw new InvalidArgumentError(`${what}: ${read.error.issues[0]?.message ?? 'not valid'}.`);
    return read.data;
  };
}

export function oneOf<T extends string>(names: readonly T[]): (text: string) => T {
  return (text) => {
    const found = names.find((name) => name === text);
    if (found === undefined) throw new InvalidArgumentError(`${text} is none of ${names.join(', ')}.`);
    return found;
  };
}
