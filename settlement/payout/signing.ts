/*
 * `ptg payouts unsigned|signed|void`: batches that wait for keys which are elsewhere, as the operator carries them to and fro. What is
 * in them the rail alone knows. Called by http.ts.
 */
import { z } from 'zod';
import { SIGNED_CHARS_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { hex32 } from '../../core/wire/field.ts';
import type { Signing, UnsignedBatch } from '../../rail/rail.ts';
import type { Office } from '../office.ts';
import { payoutRefusals, type Payouts } from './flow.ts';

export const signedBatch = z.strictObject({ signed: z.string().min(1).max(SIGNED_CHARS_MAX) });
export type SignedBatch = z.infer<typeof signedBatch>;
export const voidQuery = z.strictObject({ batch: hex32 });
export type VoidQuery = z.infer<typeof voidQuery>;

const refuse = refuser(payoutRefusals);

export interface ShownUnsigned extends UnsignedBatch {
  readonly rail: string;
}

export async function listUnsigned(office: Office): Promise<Result<{ unsigned: ShownUnsigned[] }>> {
  const unsigned: ShownUnsigned[] = [];
  for (const { rail, signing } of signingOf(office)) {
    unsigned.push(...(await signing.unsigned()).map((one) => ({ ...one, rail })));
  }
  return ok({ unsigned });
}

/** To the rail that knows what it is; with several, the last that does not says why. */
export async function takeSigned(office: Office, { signed }: SignedBatch): Promise<Result<unknown>> {
  let answer: Result<unknown> = refuse('payout-hot', office.nickname);
  for (const { rail, signing } of signingOf(office)) {
    const taken = await signing.takeSigned(signed);
    answer = taken.ok ? ok({ ...taken.value, rail }) : taken;
    if (taken.ok) break;
  }
  const { database, clock } = office.ports;
  if (answer.ok) await database.transaction((tx) => office.schedule(tx, 'payments', clock.now()));
  return answer;
}

export async function voidBatch(office: Office, payouts: Payouts, { batch }: VoidQuery): Promise<Result<unknown>> {
  let answer: Result<unknown> = refuse('payout-hot', office.nickname);
  for (const { rail } of signingOf(office)) {
    const given = await payouts.void(rail, batch);
    answer = given.ok ? ok({ batch, rail }) : given;
    if (given.ok) break;
  }
  return answer;
}

function signingOf({ ports }: Office): { rail: string; signing: Signing }[] {
  return ports.rails.flatMap(({ wallet: { rail, signing } }) => (signing === undefined ? [] : [{ rail, signing }]));
}
