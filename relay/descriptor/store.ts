/*
 * The descriptor that the relay published last: one row. Every function takes the transaction. Called by descriptor/flow.ts.
 */
import { signedSchema } from '../../core/crypto/sign.ts';
import { invariant } from '../../core/refusal.ts';
import { decode, encode } from '../../core/wire/codec.ts';
import { descriptor } from '../../core/wire/descriptor.ts';
import { text } from '../../host/db/codec.ts';
import type { Tx } from '../../host/ports.ts';
import type { Published } from './decide.ts';

const stored = signedSchema(descriptor);

export async function readPublished(tx: Tx, relay: string): Promise<Published | null> {
  const [row] = await tx.all('SELECT template, signed FROM own_descriptor WHERE relay = ?', [relay]);
  if (row === undefined) return null;
  const read = decode(text(row['signed']), stored);
  invariant(read.ok, 'a descriptor is read as it was written');
  return { template: text(row['template']), signed: read.value };
}

export async function savePublished(tx: Tx, published: Published): Promise<void> {
  const { body, signature } = published.signed;
  await tx.run(
    `INSERT INTO own_descriptor (relay, template, signed) VALUES (?, ?, ?)
     ON CONFLICT (relay) DO UPDATE SET template = excluded.template, signed = excluded.signed`,
    [body.id, published.template, encode({ body, signature })],
  );
}
