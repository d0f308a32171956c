/*
 * Lines of a role's http table that are read by anybody: path, schema of the parameters and flow in, the endpoint out.
 * Called by the tables of directory and ledger, which are public records.
 */
import type { z } from 'zod';
import type { Endpoint } from '../ports.ts';

export type Reading = <S extends z.ZodType>(
  path: string,
  input: S,
  answer: (input: z.infer<S>) => ReturnType<Endpoint['answer']>,
) => Endpoint;

export function readings(tag: string): Reading {
  return (path, input, answer) => ({ method: 'GET', path, access: 'public', tag, input, answer });
}
