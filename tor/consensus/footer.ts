/*
 * The foot of a consensus (dir-spec 3.4.1): bandwidth weights as they stand there, and how many authorities signed. Signatures
 * are counted and not checked: a Tor that uses the document has done so. Called by parse.ts.
 */
import { ok } from '../../core/refusal.ts';
import type { Result } from '../../core/refusal.ts';
import { refuseItem, refuseLine } from './document.ts';
import type { Item } from './document.ts';
import type { Preamble } from './preamble.ts';
import { countItems, readPairs } from './section.ts';

export interface Footer {
  /** `bandwidth-weights` by name; empty where the consensus has none. */
  readonly weights: ReadonlyMap<string, number>;
  /** Authorities that signed, each counted once. */
  readonly signatures: number;
}

/** Weights are fractions of this (dir-spec 3.8.3). */
export function weightScale(params: Preamble['params']): number {
  return Math.max(1, params.get('bwweightscale') ?? 10_000);
}

export function readFooter(preamble: Preamble, items: readonly Item[], endLine: number): Result<Footer> {
  const counted = countItems('tor-footer', items, { 'directory-footer': 'once', 'bandwidth-weights': 'at most once' }, endLine);
  if (!counted.ok) return counted;
  const misplaced = items.find((item) => item.keyword === 'r');
  if (misplaced !== undefined) return refuseItem('tor-footer', misplaced, 'no relay after "directory-footer"');
  const line = counted.value.get('bandwidth-weights');
  const weights = line === undefined ? ok(new Map<string, number>()) : readPairs('tor-footer', line);
  if (!weights.ok) return weights;
  const scale = weightScale(preamble.params);
  for (const [name, value] of weights.value) {
    if (line !== undefined && (value < 0 || value > scale)) {
      return refuseLine('tor-footer', line.line, `weights from 0 to ${scale}`, `${name}=${value}`);
    }
  }
  const signers = countSigners(items, endLine);
  return signers.ok ? ok({ weights: weights.value, signatures: signers.value }) : signers;
}

const signatureForm = /^(?:[a-z0-9-]+ )?([0-9A-F]{40}|[0-9a-f]{40}) (?:[0-9A-F]{40}|[0-9a-f]{40})$/;

function countSigners(items: readonly Item[], endLine: number): Result<number> {
  const signers = new Set<string>();
  for (const item of items) {
    if (item.keyword !== 'directory-signature') continue;
    const signer = signatureForm.exec(item.rest)?.[1];
    if (signer === undefined) return refuseItem('tor-footer', item, 'an identity and a signing key of 40 hex digits each');
    if (item.object !== 'SIGNATURE') return refuseItem('tor-footer', item, 'a SIGNATURE object under this line');
    signers.add(signer.toLowerCase());
  }
  if (signers.size === 0) return refuseLine('tor-footer', endLine, '"directory-signature" before this line', null);
  return ok(signers.size);
}
