/*
 * The offline verifier: one object as text and what the reader knows in; what it is, who signed it, what it proves and what not, out,
 * or the first thing that fails. Pure. Called by `ptg verify`.
 */
import { ok, type Result } from '../refusal.ts';
import { decode } from '../wire/codec.ts';
import { answerKind, appealKind, complaintKind, contestKind, verdictKind } from './docket.ts';
import { accountKind, billKind, offeredTallyKind, tallyKind } from './subscriber.ts';
import { fieldsOf, refuseVerify, type AnyKind, type Known, type Signer } from './kind.ts';
import { ledgerProofKind, logHeadKind, transferKind } from './money.ts';
import { consensusKind, descriptorKind } from './network.ts';
import { iouKind, offeredKind, receiptKind, settlementKind, statementKind } from './pair.ts';

export interface Verification {
  readonly object: string;
  readonly signedBy: readonly Signer[];
  readonly says: readonly (readonly [string, string])[];
  /** What was checked beside the signatures. */
  readonly holds: readonly string[];
  readonly proves: string;
  readonly provesNot: readonly string[];
}

/** Every object that can be verified. */
export const kinds: readonly AnyKind[] = [
  descriptorKind,
  consensusKind,
  iouKind,
  statementKind,
  settlementKind,
  offeredKind,
  receiptKind,
  accountKind,
  tallyKind,
  offeredTallyKind,
  billKind,
  transferKind,
  ledgerProofKind,
  logHeadKind,
  contestKind,
  appealKind,
  complaintKind,
  answerKind,
  verdictKind,
];

const CHARS_MAX = 65_536;

export function verifyObject(text: string, known: Known): Result<Verification> {
  const kind = recognise(text);
  if (kind === null) return refuseVerify('verify-unknown', text.slice(0, 60));
  const read = decode(text, kind.schema, kind.charsMax ?? CHARS_MAX);
  if (!read.ok) {
    const { code, about, text: why } = read.refusal;
    return refuseVerify('verify-shape', `${kind.title}: ${code === 'bad-shape' ? about : why}`);
  }
  const object = read.value;
  const signers = kind.signers(object, known);
  if (!signers.ok) return { ok: false, refusal: { ...signers.refusal, about: `${kind.title}: ${signers.refusal.about}` } };
  const claims = kind.claims(object, known);
  const broken = claims.find((one) => one.holds === false);
  if (broken !== undefined) return refuseVerify('verify-claim', `${kind.title}: not so: ${broken.what}`);
  return ok({
    object: kind.title,
    signedBy: signers.value,
    says: kind.says(object, known),
    holds: claims.filter((one) => one.holds === true).map((one) => one.what),
    proves: kind.proves,
    provesNot: [...kind.provesNot, ...claims.filter((one) => one.holds === null).map((one) => one.what)],
  });
}

/** The kind with most fields in common, so that one that was changed is still told by its name; null for something else. */
function recognise(text: string): AnyKind | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const fields = new Set(namesIn(json));
  let [best, bestShare]: [AnyKind | null, number] = [null, 0.5];
  for (const one of kinds) {
    const own = fieldsOf(one.schema);
    const common = own.filter((name) => fields.has(name)).length;
    const share = common / (own.length + fields.size - common);
    if (share > bestShare) [best, bestShare] = [one, share];
  }
  return best;
}

/** Of the whole and of its body; no deeper, whatever stands there. */
function namesIn(json: unknown): string[] {
  const body = isObject(json) ? json['body'] : null;
  return [...keysOf(json), ...keysOf(body).map((inner) => `body.${inner}`)];
}

function keysOf(json: unknown): string[] {
  return isObject(json) ? Object.keys(json) : [];
}

function isObject(json: unknown): json is Record<string, unknown> {
  return json !== null && typeof json === 'object' && !Array.isArray(json);
}
