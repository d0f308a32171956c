import { expect } from 'chai';
import fc from 'fast-check';
import { DELIVERY_CIRCUITS_MAX } from '../../core/limits.ts';
import { testTerms } from '../harness/view.ts';
import { decideIssue, deliveryOf, growthOf, type IssueCase } from '../../relay/iou/decide-issue.ts';
import { creditUnits } from '../../relay/credit/decide.ts';
import type { Draft } from '../../relay/circuit/decide.ts';
import { signedIou } from './net.ts';

const terms = testTerms(0);
const draft = (changes: Partial<Draft> = {}): Draft => ({
  ...{ key: 'k', circuit: 5, hopsLeft: 1, leavesTor: true, from: 0n, owed: 100n, closed: false },
  ...changes,
});
const given = (changes: Partial<IssueCase> = {}): IssueCase => ({
  ...{ issuer: 'a', issuerKey: 1, holder: 'b', terms, digest: 'd', last: null, drafts: [], ticking: false, issuedAt: 7 },
  creditBytes: 10_000n,
  ...changes,
});

describe('the next IOU', () => {
  it('is none without growth and without a tick', () => {
    expect(decideIssue(given()).iou).to.equal(null);
  });

  it('has the next serial and the same totals on a tick without growth', () => {
    const last = decideIssue(given({ drafts: [draft()] })).iou;
    const next = decideIssue(given({ last, ticking: true })).iou;
    expect(next).to.deep.equal({ ...last, serial: 2n });
  });

  it('adds b·hops to relayBytes and b to exitBytes', () => {
    const drafts = [
      draft(),
      draft({ key: 'l', circuit: 6, hopsLeft: 0, owed: 7n }),
      draft({ key: 'm', circuit: 7, leavesTor: false, owed: 3n }),
    ];
    const { iou, units } = decideIssue(given({ drafts }));
    expect(iou).to.include({ serial: 1n, relayBytes: 106n, exitBytes: 107n, issuedAt: 7, terms: 'd' });
    expect(units).to.equal(267n);
  });

  it('signs no more than the credit left, to the byte, and frees what is beyond', () => {
    const drafts = [draft(), draft({ key: 'l', circuit: 6, from: 10n, owed: 200n }), draft({ key: 'm', circuit: 7 })];
    const { iou, circuits, marks, freed, units } = decideIssue(given({ drafts, creditBytes: 251n + 25n }));
    // 2.5 a byte: 100 bytes of the first and 10 of the second fit into 276.
    expect(iou).to.include({ relayBytes: 110n, exitBytes: 110n });
    expect(units).to.equal(275n);
    expect(circuits.map(({ circuit, from, bytes, closed }) => [circuit, from, bytes, closed])).to.deep.equal([
      [5, 0n, 100n, false],
      [6, 10n, 20n, true],
    ]);
    expect(marks.map((one) => one.key)).to.deep.equal(['k', 'l']);
    expect(freed).to.deep.equal(['l', 'm']);
  });

  it('never exceeds the credit, whatever was signed before', () => {
    const amounts = fc.array(fc.bigInt(0n, 999n), { maxLength: 8 });
    fc.assert(
      fc.property(
        fc.bigInt(0n, 999n),
        fc.bigInt(0n, 999n),
        fc.bigInt(0n, 3000n),
        amounts,
        (relayBytes, exitBytes, creditBytes, owed) => {
          const last = {
            ...(decideIssue(given({ ticking: true })).iou as NonNullable<IssueCase['last']>),
            relayBytes,
            exitBytes,
          };
          const drafts = owed.map((amount, index) =>
            draft({ key: `${index}`, circuit: index + 1, owed: amount, hopsLeft: index % 3 }),
          );
          const { iou, units, circuits } = decideIssue(given({ last, drafts, creditBytes }));
          expect(units <= creditBytes).to.equal(true);
          expect(units).to.equal(iou === null ? 0n : creditUnits(terms, iou) - creditUnits(terms, last));
          expect(growthOf(circuits).exitBytes).to.equal((iou?.exitBytes ?? exitBytes) - exitBytes);
        },
      ),
    );
  });

  it('names so many circuits as a delivery takes, and says that there is more', () => {
    const drafts = Array.from({ length: DELIVERY_CIRCUITS_MAX + 1 }, (_, index) =>
      draft({ key: `${index}`, circuit: index + 1, owed: 1n }),
    );
    const made = decideIssue(given({ drafts }));
    expect([made.circuits.length, made.more, made.iou?.exitBytes]).to.deep.equal([450, true, 450n]);
    expect(decideIssue(given({ drafts: drafts.slice(1) })).more).to.equal(false);
  });
});

describe('a delivery', () => {
  const made = decideIssue(given({ drafts: [draft()] }));
  const first = signedIou('a', made.iou as NonNullable<typeof made.iou>);

  it('explains its growth by its circuits', () => {
    const { since, circuits, unattributed } = deliveryOf(first, null, made.circuits);
    expect([since, circuits.length, unattributed]).to.deep.equal([0n, 1, { relayBytes: 0n, exitBytes: 0n }]);
  });

  it('owes what a restart can no longer explain', () => {
    expect(deliveryOf(first, null, []).unattributed).to.deep.equal({ relayBytes: 100n, exitBytes: 100n });
  });

  it('leaves out circuits that do not fit between the two totals', () => {
    const held = { ...first.body, relayBytes: 60n, exitBytes: 60n };
    const { since, circuits, unattributed } = deliveryOf({ ...first, body: { ...first.body, serial: 2n } }, held, made.circuits);
    expect([since, circuits, unattributed]).to.deep.equal([1n, [], { relayBytes: 40n, exitBytes: 40n }]);
  });
});
