/*
 * The course of a case: every arrow of the drawing in core/rule/course.ts, and every one that is not there.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { decideCase, isUndecided, type CaseEvent, type CaseState } from '../../core/rule/course.ts';
import { caseState, outcome } from '../../core/wire/verdict.ts';

const events: Readonly<Record<string, CaseEvent>> = {
  reduced: { kind: 'reduced' },
  'paid in time': { kind: 'paid', late: false },
  'paid late': { kind: 'paid', late: true },
  'nothing owed': { kind: 'nothing-owed' },
  'withdrawn in time': { kind: 'withdrawn', late: false },
  'withdrawn late': { kind: 'withdrawn', late: true },
  expired: { kind: 'expired' },
};

/** Columns as in `events`; a dash is no arrow. */
const table = `
  open       answered  dismissed  late  dismissed  withdrawn  late  upheld
  answered   answered  dismissed  late  dismissed  withdrawn  late  upheld
  upheld     -         late       late  -          late       late  -
  dismissed  -         -          -     -          -          -     -
  withdrawn  -         -          -     -          -          -     -
  late       -         dismissed  -     -          -          -     -`;

describe('the course of a case', () => {
  const rows = table
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));

  it('has every state in the table, and every event', () => {
    expect(rows.map(([state]) => state)).deep.equal(caseState.options);
    expect(rows.every((row) => row.length === 1 + Object.keys(events).length)).equal(true);
  });

  for (const [state, ...nexts] of rows) {
    for (const [index, [name, event]] of Object.entries(events).entries()) {
      const next = nexts[index] === '-' ? null : (nexts[index] as CaseState);
      it(`${state}, ${name}: ${next ?? 'no arrow'}`, () => expect(decideCase(state as CaseState, event)).equal(next));
    }
  }

  it('ends in what a verdict can say', () => {
    const ended = caseState.options.filter((state) => !isUndecided(state));
    expect(ended).deep.equal(outcome.options);
  });

  it('never goes back: whatever happens, an end stays, and late is in time again by a proof alone', () => {
    const all = fc.array(fc.constantFrom(...Object.values(events)), { maxLength: 12 });
    fc.assert(
      fc.property(all, (those) => {
        let state: CaseState = 'open';
        for (const event of those) {
          const next = decideCase(state, event);
          if (['dismissed', 'withdrawn'].includes(state)) expect(next).equal(null);
          if (state === 'late' && next !== null) expect([event.kind, next]).deep.equal(['paid', 'dismissed']);
          if (state === 'upheld' && next !== null) expect(next).equal('late');
          if (next === null) continue;
          state = next;
        }
      }),
      { seed: 1712, numRuns: 500 },
    );
  });
});
