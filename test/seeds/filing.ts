/*
 * False contests and false appeals, signed by the liar's own keys and posted to the docket. A running town and the name of who lies in;
 * filings out, which an honest accused has to survive. Called by deeds.ts.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { bare, sign, signedSchema, type ObjectName } from '../../core/crypto/sign.ts';
import { decode } from '../../core/wire/codec.ts';
import type { Appeal, AppealEvidence, Contest } from '../../core/wire/contest.ts';
import { countersignedSettlement, receipt, settlement } from '../../core/wire/settlement.ts';
import { docketAnswer } from '../../core/wire/verdict.ts';
import { systemEntropy } from '../../host/entropy.ts';
import { readContests } from '../../lab/report.ts';
import { keysIn } from '../../node/keys.ts';
import { openForReading, text, type TextRow } from '../audit/rows.ts';
import type { Chance } from './chance.ts';
import type { Town } from './town.ts';

/** Of what it was paid, by the settlement that both signed. */
export async function contestFalsely(town: Town, name: string, interval: number, chance: Chance): Promise<void> {
  const paid = (await pairsOf(town, name)).filter(
    (row) =>
      row['interval'] === String(interval) &&
      row['side'] === 'creditor' &&
      row['receipt'] !== null &&
      row['countersignature'] !== null,
  );
  if (paid.length === 0) return;
  const row = chance.pick(paid);
  const signed = decode(text(row, 'settlement'), signedSchema(settlement));
  if (!signed.ok || signed.value.body.destination === null) return;
  const { body } = signed.value;
  const agreed = { ...signed.value, countersignature: text(row, 'countersignature') };
  const contest: Contest = {
    ...{ contestant: body.creditor, contestantKey: body.creditorKey, accused: body.debtor, interval, terms: body.terms },
    ...{ rail: body.rail, amount: body.amount, destination: body.destination ?? '', at: town.clock.now() },
    ground: { kind: 'agreed', settlement: agreed },
  };
  await file(town, name, '/directory/contest', 'contest', contest, 'lie: contest');
}

/** With a receipt of something else, a payment to somebody else, or a rest that was never signed. */
export async function appealFalsely(town: Town, name: string, chance: Chance): Promise<void> {
  const me = town.world.relayId(name);
  const cases = (await readContests(town.world)).filter((one) => one.state === 'open' && town.world.relayId(one.accused) === me);
  const [first] = cases;
  const rows = await pairsOf(town, name);
  if (first === undefined || rows.length === 0) return;
  const evidence = evidenceIn(chance.pick(rows));
  if (evidence === null) return;
  const appeal: Appeal = { case: first.case, from: me, fromKey: 1, evidence, at: town.clock.now() };
  await file(town, name, '/directory/appeal', 'appeal', appeal, 'lie: appeal');
}

function evidenceIn(row: TextRow): AppealEvidence | null {
  const receipted = row['receipt'] === null ? null : decode(row['receipt'] ?? '', signedSchema(receipt));
  if (receipted?.ok === true) {
    const { proof } = receipted.value.body;
    return row['peer']! < '8' ? { kind: 'receipt', receipt: receipted.value } : { kind: 'payment', proof, settlement: null };
  }
  if (row['settlement'] === null || row['countersignature'] === null) return null;
  const text = JSON.stringify({ ...JSON.parse(row['settlement'] ?? ''), countersignature: row['countersignature'] });
  const signed = countersignedSettlement.safeParse(JSON.parse(text));
  return signed.success ? { kind: 'carried', settlement: signed.data } : null;
}

async function file(town: Town, name: string, path: string, object: ObjectName, body: object, what: string): Promise<void> {
  const { networkId, authorities } = town.world.network;
  const key = signingKey(await keysIn(join(town.home, name, 'keys'), systemEntropy())('settlement'));
  const signed = bare(sign(object, networkId, body, key));
  const answer = await town.world.authority.http.post(`${authorities[0]!.url}${path}`, signed, docketAnswer);
  town.count(answer.ok ? what : `${what} (${answer.refusal.code})`);
  await town.idle();
}

async function pairsOf(town: Town, name: string): Promise<TextRow[]> {
  const path = join(town.home, name, 'settlement.sqlite');
  if (!existsSync(path)) return [];
  const rows = await openForReading(path);
  try {
    return await rows.table('pair', ['interval', 'peer', 'side', 'settlement', 'countersignature', 'receipt']);
  } finally {
    await rows.close();
  }
}
