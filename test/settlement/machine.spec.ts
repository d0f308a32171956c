/*
 * The state machine of a pair: every arrow leads where its drawing says, and every arrow that is not drawn is none.
 */
import { expect } from 'chai';
import { decidePair, type PairEvent, type PairState } from '../../settlement/pair/decide.ts';

const states: readonly PairState[] = [
  ...(['open', 'clear', 'carried', 'stated', 'agreed', 'manual', 'due', 'awaiting', 'paying', 'paid'] as const),
  ...(['claimed', 'expecting', 'received', 'unpaid', 'contested', 'lapsed', 'receipted'] as const),
];

const events: Readonly<Record<string, PairEvent>> = {
  nothing: { kind: 'nothing' },
  owe: { kind: 'owe' },
  owed: { kind: 'owed' },
  signed: { kind: 'signed', zero: false },
  'signed-zero': { kind: 'signed', zero: true },
  confirmed: { kind: 'confirmed', zero: false },
  'confirmed-zero': { kind: 'confirmed', zero: true },
  'bst-auto': { kind: 'bst', payouts: 'auto' },
  'bst-manual': { kind: 'bst', payouts: 'manual' },
  'silent-auto': { kind: 'silent', payouts: 'auto' },
  'silent-manual': { kind: 'silent', payouts: 'manual' },
  approved: { kind: 'approved' },
  heard: { kind: 'heard' },
  short: { kind: 'short' },
  intent: { kind: 'intent' },
  void: { kind: 'void', late: false },
  'void-late': { kind: 'void', late: true },
  paid: { kind: 'paid' },
  found: { kind: 'found' },
  receipt: { kind: 'receipt' },
  arrived: { kind: 'arrived' },
  undone: { kind: 'undone', late: false },
  'undone-late': { kind: 'undone', late: true },
  discharged: { kind: 'discharged' },
  contested: { kind: 'contested' },
  over: { kind: 'over', zero: false },
  'over-zero': { kind: 'over', zero: true },
};

/** from event → to [actions] */
const drawn = `
open nothing → clear tell-relay
open owe → stated
open owed → claimed send-settlement
open signed → agreed
open signed-zero → carried tell-relay
open confirmed → expecting
open confirmed-zero → carried tell-relay
open silent-auto → due
open silent-manual → manual
open over → lapsed tell-relay
open over-zero → lapsed tell-relay
stated nothing → clear tell-relay
stated owe → stated
stated owed → claimed send-settlement
stated signed → agreed
stated signed-zero → carried tell-relay
stated silent-auto → due
stated silent-manual → manual
stated receipt → receipted tell-relay
stated over → lapsed tell-relay
stated over-zero → lapsed tell-relay
agreed bst-auto → due
agreed bst-manual → manual
agreed receipt → receipted tell-relay
agreed over → lapsed tell-relay
agreed over-zero → lapsed tell-relay
manual approved → due
manual heard → open
manual signed → agreed
manual signed-zero → carried tell-relay
manual found → paid send-notice tell-relay
manual receipt → receipted tell-relay
manual over → lapsed tell-relay
manual over-zero → lapsed tell-relay
due short → awaiting
due intent → paying
due signed → agreed
due signed-zero → carried tell-relay
due found → paid send-notice tell-relay
due receipt → receipted tell-relay
due over → lapsed tell-relay
due over-zero → lapsed tell-relay
awaiting intent → paying
awaiting signed → agreed
awaiting signed-zero → carried tell-relay
awaiting found → paid send-notice tell-relay
awaiting receipt → receipted tell-relay
awaiting over → lapsed tell-relay
awaiting over-zero → lapsed tell-relay
paying void → due
paying void-late → lapsed
paying paid → paid send-notice tell-relay
paying receipt → receipted tell-relay
paid receipt → receipted
paid void → due
paid void-late → lapsed
claimed nothing → clear tell-relay
claimed owe → stated
claimed owed → claimed send-settlement
claimed confirmed → expecting
claimed confirmed-zero → carried tell-relay
claimed arrived → received
claimed over → unpaid tell-relay
claimed over-zero → lapsed tell-relay
expecting arrived → received
expecting over → unpaid tell-relay
expecting over-zero → lapsed tell-relay
received discharged → receipted send-receipt tell-relay
received undone → expecting
received undone-late → unpaid tell-relay
unpaid confirmed → unpaid
unpaid confirmed-zero → carried tell-relay
unpaid arrived → received
unpaid contested → contested
contested arrived → received
lapsed approved → due
lapsed arrived → received
lapsed found → paid send-notice tell-relay
lapsed receipt → receipted tell-relay
`;

const arrows = new Map(
  drawn
    .trim()
    .split('\n')
    .map((line) => {
      const [from, to] = line.split(' → ') as [string, string];
      const [state, ...then] = to.split(' ');
      return [from, { state, then }] as const;
    }),
);

describe('the machine of a pair', () => {
  for (const state of states) {
    for (const [name, event] of Object.entries(events)) {
      const arrow = arrows.get(`${state} ${name}`) ?? null;
      it(`${state} · ${name} → ${arrow?.state ?? 'no arrow'}`, () => {
        expect(decidePair(state, event)).deep.equal(arrow);
      });
    }
  }

  it('reaches every state from open, and ends in three', () => {
    const reached = new Set<string>(['open']);
    for (let before = 0; before !== reached.size;) {
      before = reached.size;
      for (const [from, { state }] of arrows) if (reached.has(from.split(' ')[0] as string)) reached.add(state as string);
    }
    expect([...reached].sort()).deep.equal([...states].sort());
    const leaving = new Set([...arrows.keys()].map((from) => from.split(' ')[0]));
    expect(states.filter((state) => !leaving.has(state)).sort()).deep.equal(['carried', 'clear', 'receipted']);
  });
});
