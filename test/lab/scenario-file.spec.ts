/*
 * Which scenario files are refused, each for one fault, and what a file that says little stands for.
 */
import { expect } from 'chai';
import { parseScenario, scenarioRefusals, type Scenario } from '../../lab/scenario/file.ts';

const good = {
  price: '1000000000',
  relays: [
    { name: 'R1', exit: true, guard: true },
    { name: 'R2', guard: true },
    { name: 'R5', exit: true },
  ],
  subscribers: [{ name: 'U1', guard: 'R2', deposit: '50000000000' }],
  circuits: [{ subscriber: 'U1', path: ['R2', 'R1', 'R5'], bytes: '1073741824' }],
  unpaidBy: ['R5'],
};
type Code = keyof typeof scenarioRefusals;

const circuit = (changes: object) => ({ circuits: [{ ...good.circuits[0], ...changes }] });
const path = (...names: string[]) => circuit({ path: names });
const rich = (...names: string[]) => ({
  subscribers: names.map((name) => ({ name, guard: 'R2', deposit: `${2n ** 62n}` })),
});

/** What is wrong, the changes to the good file, the refusal, and what it names. */
const refused: readonly (readonly [string, object | string, Code, string])[] = [
  ['not JSON', '{', 'scenario-json', ''],
  ['not an object', '[]', 'scenario-shape', 'the whole'],
  ['no price', { price: undefined }, 'scenario-shape', 'price'],
  ['a price below zero', { price: '-1' }, 'scenario-shape', 'price'],
  ['a price with a fraction', { price: '1.5' }, 'scenario-shape', 'price'],
  ['a number with a fraction', { price: 1.5 }, 'scenario-shape', 'price'],
  ['more than money can be', { price: '9223372036854775808' }, 'scenario-shape', 'price'],
  ['a field that is not there', { prise: '1' }, 'scenario-shape', 'prise'],
  ['an exit ratio of one', { exitRatio: ['3'] }, 'scenario-shape', 'exitRatio'],
  ['an exit ratio over nothing', { exitRatio: ['3', '0'] }, 'scenario-shape', 'exitRatio'],
  ['starting bytes in words', { startingBytes: 'fifty cells' }, 'scenario-shape', 'startingBytes'],
  ['a quantum below zero', { quantum: '-1' }, 'scenario-shape', 'quantum'],
  ['no relays', { relays: [] }, 'scenario-shape', 'relays'],
  ['a relay with a blank', { relays: [{ name: 'R 1' }] }, 'scenario-shape', 'relays.0.name'],
  ['a flag that is not one', { relays: [{ name: 'R1', exit: 'yes' }] }, 'scenario-shape', 'relays.0.exit'],
  ['a subscriber without deposit', { subscribers: [{ name: 'U1', guard: 'R2' }] }, 'scenario-shape', 'subscribers.0.deposit'],
  ['a circuit without hops', path(), 'scenario-shape', 'circuits.0.path'],
  ['bytes below zero', circuit({ bytes: '-1' }), 'scenario-shape', 'circuits.0.bytes'],
  ['intervals beside circuits', { intervals: [{}] }, 'scenario-shape', 'intervals'],
  ['no intervals', { intervals: [], circuits: undefined, unpaidBy: undefined }, 'scenario-shape', 'intervals'],
  ['a parameter that is not there', { parameters: { speed: 1 } }, 'scenario-shape', 'speed'],
  ['a parameter out of bounds', { parameters: { intervalSec: 0 } }, 'scenario-shape', 'parameters.intervalSec'],
  ['a ratio over nothing in the parameters', { parameters: { exitRatio: ['3', '0'] } }, 'scenario-shape', 'both above zero'],
  ['rails beside the one there is', { parameters: { rails: {} } }, 'scenario-shape', 'parameters.rails'],
  ['no consensus in an interval', { parameters: { consensusSec: 21_601 } }, 'scenario-shape', 'parameters.consensusSec'],
  ['no time to pay', { parameters: { paymentWindowSec: 0 } }, 'scenario-shape', 'parameters.paymentWindowSec'],
  ['books that close after the payments', { parameters: { graceSec: 5400 } }, 'scenario-shape', 'parameters.paymentWindowSec'],
  ['a credit in words', { parameters: { creditStart: 'much' } }, 'scenario-shape', 'parameters.creditStart'],
  ['a relay twice', { relays: [...good.relays, good.relays[0]] }, 'scenario-name', 'R1'],
  ['a subscriber twice', { subscribers: [...good.subscribers, ...good.subscribers] }, 'scenario-name', 'U1'],
  ['a subscriber named as a relay', { subscribers: [{ ...good.subscribers[0], name: 'R1' }] }, 'scenario-name', 'R1'],
  ['a guard that is nobody', { subscribers: [{ ...good.subscribers[0], guard: 'R9' }] }, 'scenario-name', 'R9'],
  ['a subscriber that is nobody', circuit({ subscriber: 'U9' }), 'scenario-name', 'U9'],
  ['a hop that is nobody', path('R2', 'R9', 'R5'), 'scenario-name', 'R9'],
  ['unpaidBy nobody', { unpaidBy: ['R9'] }, 'scenario-name', 'R9'],
  ['unpaidBy a subscriber', { unpaidBy: ['U1'] }, 'scenario-name', 'U1'],
  ['a first hop that is not the guard', path('R1', 'R2', 'R5'), 'scenario-path', 'R1 R2 R5'],
  ['a last hop that is no exit', path('R2'), 'scenario-path', 'R2'],
  ['a relay twice in a path', path('R2', 'R1', 'R5', 'R1'), 'scenario-path', 'R2 R1 R5 R1'],
  [
    'more deposits than the ledger holds',
    rich('U1', 'U2'),
    'scenario-deposits',
    '9223372036854775808, at most 9223372036854775807',
  ],
];

function parsed(changes: object): Scenario {
  const scenario = parseScenario(JSON.stringify({ ...good, ...changes }));
  if (!scenario.ok) throw new Error(`${scenario.refusal.code}: ${scenario.refusal.about}`);
  return scenario.value;
}

describe('scenario: the file', () => {
  for (const [what, changes, code, about] of refused) {
    it(`refuses ${what}`, () => {
      const text = typeof changes === 'string' ? changes : JSON.stringify({ ...good, ...changes });
      const scenario = parseScenario(text);
      expect(scenario.ok).equal(false);
      if (scenario.ok) return;
      expect(scenario.refusal.code).equal(code);
      expect(scenario.refusal.about).include(about);
    });
  }

  it('has a case here for every refusal', () => {
    expect([...new Set(refused.map(([, , code]) => code))].sort()).deep.equal(Object.keys(scenarioRefusals).sort());
  });

  it('names the interval and the circuit at fault', () => {
    const plan = { circuits: undefined, unpaidBy: undefined, intervals: [{}, path('R2', 'R1', 'R5'), path('R2')] };
    const scenario = parseScenario(JSON.stringify({ ...good, ...plan }));
    expect(scenario.ok ? null : scenario.refusal.about).include('interval 2, circuit 0');
  });

  it('stands, where it says nothing, for design §7 and the scenario’s own defaults', () => {
    const { parameters } = parsed({});
    // Three relays, two exits.
    expect(parameters).deep.include({
      ...{
        exitRatio: [3n, 2n],
        startingBytes: 25_700n,
        circuitHops: 3,
        carryIntervals: 4,
        creditIntervals: 4,
        contestants: 'any',
      },
      ...{ intervalSec: 21_600, iouTickSec: 3600, graceSec: 600, bstOffsetSec: 1800, paymentWindowSec: 3600 },
      ...{ contestWindowSec: 3600, answerWindowSec: 3600, appealWindowSec: 7200, skewSec: 60, reportersToUnflag: 2 },
      rails: { ledger: { price: 1_000_000_000n, quantum: 1n, dust: 0n } },
    });
  });

  it('takes numbers for amounts, and parameters over both', () => {
    const { parameters } = parsed({
      price: 5,
      quantum: 10,
      parameters: { dust: '20', price: '7', carryIntervals: 1, creditStart: '14' },
    });
    expect(parameters.rails).deep.equal({ ledger: { price: 7n, quantum: 10n, dust: 20n } });
    expect(parsed({ parameters: { dust: 30, startingBytes: 0, exitRatio: [5, 4] } }).parameters).deep.include({
      ...{ startingBytes: 0n, exitRatio: [5n, 4n], rails: { ledger: { price: 1_000_000_000n, quantum: 1n, dust: 30n } } },
    });
    // Short intervals have a consensus each all the same.
    expect(parsed({ parameters: { intervalSec: 1800 } }).parameters.consensusSec).equal(1800);
    // 14 units at 7 a GiB.
    expect(parameters).deep.include({ carryIntervals: 1, creditStartBytes: 2n ** 31n });
  });
});
