/*
 * The specification's examples are what core makes today, are canonical, and bear good signatures; what they show adds up.
 */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { verify, type Signed } from '../../core/crypto/sign.ts';
import { leafHash, verifyConsistency, verifyInclusion } from '../../core/log/merkle.ts';
import { linkTraffic } from '../../core/rule/chain.ts';
import type { RailRules } from '../../core/rule/contest.ts';
import { netOf } from '../../core/rule/net.ts';
import { addTraffic, noTraffic, usageCeil } from '../../core/rule/price.ts';
import { replay } from '../../core/rule/replay.ts';
import { encode } from '../../core/wire/codec.ts';
import { verifyConsensus } from '../../core/wire/consensus.ts';
import { account, bill, signedRequest, tally } from '../../core/wire/guard.ts';
import { ack, ackQuery, iou, iouDelivery } from '../../core/wire/iou.ts';
import { entryLeaf, ledgerProof } from '../../core/wire/ledger.ts';
import { receipt, settlement, statement } from '../../core/wire/settlement.ts';
import { terms } from '../../core/wire/terms.ts';
import { docketAnswer, docketLine } from '../../core/wire/verdict.ts';
import { descriptor } from '../../core/wire/descriptor.ts';
import { sealingKeyFromSeed, openLinkRequest, sealLinkRequest } from '../../host/seal.ts';
import { verifyLedgerProof } from '../../rail/ledger/reader.ts';
import { exampleFiles, examples, filledPages } from '../../docs/examples.ts';
import * as story from '../../docs/story.ts';

const bytes = (hex: string): Uint8Array => Buffer.from(hex, 'hex');
const json = (name: string): unknown => JSON.parse(examples()[name]!.text);

describe('the examples of the specification', () => {
  it('stand in the pages as core makes them: node --import tsx docs/examples.ts --write', () => {
    const stale = [...filledPages()].filter(([, { is, due }]) => is !== due).map(([name]) => name);
    expect(stale).deep.equal([]);
  });

  it('are all shown, each on one page', () => {
    const pages = [...filledPages().values()].map(({ is }) => is);
    const counts = Object.keys(examples()).map((name) => [
      name,
      pages.filter((page) => page.includes(`<!-- example:${name} -->`)).length,
    ]);
    expect(counts.filter(([, count]) => count !== 1)).deep.equal([]);
  });

  it('are canonical', () => {
    for (const [name, { text }] of Object.entries(examples())) {
      if (text.startsWith('{')) expect(encode(JSON.parse(text)), name).equal(text);
    }
  });

  it('bear the signatures of the keys that should have signed, and of no other object', () => {
    for (const [name, { signed }] of Object.entries(examples())) {
      if (signed === undefined) continue;
      const { body, signature, countersignature } = json(name) as Signed<unknown> & { countersignature?: string };
      const signatures = [signature, ...(countersignature === undefined ? [] : [countersignature])];
      expect(signatures.length, name).equal(signed.by.length);
      for (const [index, by] of signed.by.entries()) {
        const one = { body, signature: signatures[index]! };
        expect(verify(signed.object, story.networkId, one, story.publicOf(by)), `${name} by ${by}`).not.equal(null);
        expect(verify(signed.object, 'another', one, story.publicOf(by)), name).equal(null);
        const other = signed.object === 'ack' ? 'iou' : 'ack';
        expect(verify(other, story.networkId, one, story.publicOf(by)), name).equal(null);
      }
    }
  });

  it('have the shapes of core/wire', () => {
    const bodies = { descriptor, iou, delivery: iouDelivery, ack, statement, settlement, receipt, account, tally, bill };
    for (const [name, schema] of Object.entries(bodies)) schema.parse((json(name) as Signed<unknown>).body);
    for (const name of ['subscribe', 'sign-tally', 'withdraw']) signedRequest.parse(json(name));
    ackQuery.parse(json('ack-query'));
    terms.parse(json('terms'));
    ledgerProof.parse(json('proof'));
  });

  it('have a consensus that its readers take', () => {
    expect(verifyConsensus(story.consensus, story.network).ok).equal(true);
  });

  it('have a delivery whose circuits are its growth', () => {
    const grown = story.delivery.body.circuits.reduce(
      (sum, one) => addTraffic(sum, linkTraffic(one.bytes - one.from, one.hopsLeft, one.leavesTor)),
      noTraffic,
    );
    const { relayBytes, exitBytes } = story.iou.body;
    const before = linkTraffic(25_700_000n, 1, true);
    expect(addTraffic(before, grown)).deep.equal({ relayBytes, exitBytes });
  });

  it('have a settlement that is the net of its IOU and carry, and a tally rounded up', () => {
    const { carryIn, amount, carryLeft } = story.settlement.body;
    const rail = story.terms.parameters.rails['ledger']!;
    const net = netOf(story.terms, rail, { held: story.iou.body, issued: noTraffic, carry: carryIn });
    expect({ creditor: 'me', amount, carryLeft, forgiven: 0n }).deep.equal(net);
    expect(story.tally.body.amount).equal(usageCeil(story.terms, rail, story.tally.body));
    expect(story.account.body.balance).equal(story.account.body.deposited - story.tally.body.amount);
  });

  it('have a receipt whose proof shows the payment to the settlement’s destination', () => {
    const shown = verifyLedgerProof(story.network, story.receipt.body.proof);
    const { amount, destination } = story.settlement.body;
    expect(shown).deep.equal({ payment: story.receipt.body.payment, destination, amount, at: story.settlement.body.due });
  });

  it('have verdicts that come out again by the evidence in them', () => {
    const rails: RailRules = {
      payment: (proof) => verifyLedgerProof(story.network, proof),
      isDestination: () => true,
      fallback: () => null,
    };
    for (const { body } of [story.verdict, story.complaintVerdict]) {
      expect(replay(story.networkId, body, rails).checks.filter((one) => !one.holds)).deep.equal([]);
    }
    const { state, amount } = docketLine.parse(json('docket-line'));
    expect([state, amount]).deep.equal([story.verdict.body.outcome, story.contest.body.amount]);
    expect(docketAnswer.parse(json('docket-answer')).case).equal(story.verdict.body.case);
  });

  it('of the docket stand in examples/ as files that ptg verify takes', () => {
    for (const { file, due } of exampleFiles().values()) expect(readFileSync(file, 'utf8'), file).equal(due);
    expect([...exampleFiles().keys()]).include.members(['contest.json', 'appeal.json', 'verdict.json', 'complaint.json']);
  });

  it('have a log whose proofs hold', () => {
    const { leaves, roots, inclusionOf0In3, consistency2To3 } = story.log;
    expect(leaves[0]).equal(Buffer.from(leafHash(entryLeaf(story.entries[0]!))).toString('hex'));
    expect(verifyInclusion(bytes(leaves[0]!), 0n, 3n, inclusionOf0In3.map(bytes), bytes(roots[2]!))).equal(true);
    expect(verifyConsistency(2n, 3n, consistency2To3.map(bytes), bytes(roots[1]!), bytes(roots[2]!))).equal(true);
  });

  it('have a sealed message that its receiver opens', () => {
    const [from, to] = [story.relays[0].body.id, story.relays[1].body.id];
    const seed = (name: string) => sealingKeyFromSeed(story.seedOf(name), 1);
    const [mine, theirs] = [seed('R1 relay-sealing'), seed('R2 relay-sealing')];
    const link = { networkId: story.networkId, tag: 'ack-query', from, to };
    const nonce = story.seedOf('nonce');
    const made = sealLinkRequest(link, mine, theirs, Buffer.from(encode(story.ackQuery)), { bytes: (n) => nonce.subarray(0, n) });
    if (!made.ok) throw new Error(made.refusal.code);
    const opened = openLinkRequest(
      { networkId: story.networkId, tag: 'ack-query', to, keys: [theirs], senderKey: () => mine.publicKey },
      made.value.envelope,
    );
    if (!opened.ok) throw new Error(opened.refusal.code);
    expect(Buffer.from(opened.value.content).toString('utf8')).equal(examples()['ack-query']!.text);
  });
});
