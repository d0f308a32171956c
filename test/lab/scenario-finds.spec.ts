/*
 * What the comparison with the oracle found, a case each: named by the rule that the program broke then.
 */
import { expect } from 'chai';
import { parseScenario } from '../../lab/scenario/file.ts';
import { expectedOf } from './oracle.ts';
import { settledText } from './settled.ts';

const relays = ['R1', 'R2', 'R3', 'R4', 'R5'].map((name) => ({ name, exit: true, guard: true }));
const UNITS_MAX = 2n ** 63n - 1n;

function subscriber(deposit: bigint, guard = 'R1') {
  return { name: `U-${guard}`, guard, deposit: String(deposit) };
}

function circuit(bytes: bigint, ...path: string[]) {
  return { subscriber: `U-${path[0]}`, path, bytes: String(bytes) };
}

interface Find {
  readonly what: string;
  readonly file: object;
}

const finds: readonly Find[] = [
  {
    what: 'a circuit without bytes costs its starting amount (rule 4)',
    file: {
      ...{ price: '1000000000', relays, subscribers: [subscriber(10n ** 9n)] },
      circuits: [circuit(0n, 'R1', 'R2', 'R3'), circuit(0n, 'R1')],
    },
  },
  {
    what: 'a circuit without bytes does not begin where the balance covers no starting amount',
    file: {
      ...{ price: '1000000000', exitRatio: ['1', '1'], relays, subscribers: [subscriber(47_870n)] },
      circuits: [circuit(0n, 'R1', 'R2'), circuit(0n, 'R1', 'R2')],
    },
  },
  {
    what: 'without a starting amount such a circuit leaves nothing behind, and takes nothing from the next',
    file: {
      ...{ price: `${2n ** 30n}`, exitRatio: ['1', '1'], startingBytes: '0', relays, subscribers: [subscriber(200n)] },
      circuits: [circuit(0n, 'R1', 'R2'), circuit(100n, 'R1', 'R2')],
    },
  },
  {
    what: 'credit is unlimited, however dear the exit (design §9)',
    file: {
      ...{ price: '2', exitRatio: ['1000000007', '3'], startingBytes: '0', relays, subscribers: [subscriber(2n ** 50n)] },
      circuits: [circuit(924_246_401_697n, 'R1', 'R2'), circuit(13_835_057_959n, 'R1', 'R2')],
    },
  },
  {
    what: 'opening balances cover debts of a deposit as large as the ledger can hold',
    file: {
      ...{ price: '1000000000', relays, subscribers: [subscriber(UNITS_MAX)] },
      circuits: [circuit(UNITS_MAX, 'R1', 'R2', 'R3', 'R4', 'R5')],
    },
  },
  {
    what: 'byte totals up to 2^63 − 1 are certified',
    file: { price: '0', relays, subscribers: [subscriber(0n)], circuits: [circuit(UNITS_MAX, 'R1', 'R2')] },
  },
  {
    what: 'an interval may begin before the balances of the one before are due',
    file: {
      ...{ price: '1000000000', relays, subscribers: [subscriber(10n ** 12n)] },
      parameters: { bstOffsetSec: 30_000 },
      intervals: [
        { circuits: [circuit(2n ** 30n, 'R1', 'R2', 'R3')] },
        { circuits: [circuit(2n ** 30n, 'R1', 'R3', 'R2')] },
        { circuits: [circuit(2n ** 29n, 'R1', 'R4', 'R2')] },
      ],
    },
  },
  {
    what: 'short intervals have terms of their own, and what is carried out of the last one is not in the totals',
    file: {
      ...{ price: '1000000000', quantum: '1000', relays, subscribers: [subscriber(10n ** 12n)] },
      parameters: { intervalSec: 1800, carryIntervals: 1 },
      intervals: [0n, 0n, 30_001n, 0n, 0n, 40_003n].map((bytes) => ({
        circuits: bytes === 0n ? [] : [circuit(bytes, 'R1', 'R2', 'R3')],
      })),
    },
  },
];

describe('scenario: finds of the oracle', () => {
  for (const { what, file } of finds) {
    it(what, async () => {
      const text = JSON.stringify(file);
      expect(JSON.parse(await settledText(text))).deep.equal(expectedOf(text));
    });
  }

  it('more bytes than an IOU can say are refused, with the reason', async () => {
    const circuits = [circuit(2n ** 62n, 'R1', 'R2', 'R3')];
    const file = { price: '0', relays, subscribers: [subscriber(0n)], circuits };
    let reason = '';
    await settledText(JSON.stringify(file)).catch((thrown: Error) => (reason = thrown.message));
    expect(reason).match(/9223372036854775808(.|\n)*\[scenario-bytes\]$/);
  });

  it('whatever stands in a field, the file is read or refused: nothing is thrown', () => {
    let tried = 0;
    for (const text of spoiled(JSON.stringify(finds[6]?.file))) {
      const { ok, ...rest } = parseScenario(text);
      expect([ok, 'refusal' in rest]).deep.equal([ok, !ok]);
      tried += 1;
    }
    expect(tried).above(500);
  });
});

/** One field after the other left out, renamed, or filled with what nobody expects. */
function* spoiled(text: string): Iterable<string> {
  const odd: readonly unknown[] = [
    ...[null, true, -1, 0, 1.5, 2 ** 53, [], {}, [[]], { a: 1 }, Array(1000).fill('R1')],
    ...['', '0', '-0', '00', '1e3', ' 1', '٣', '9'.repeat(5000), String(UNITS_MAX), '__proto__', 'constructor', '\ud800'],
    JSON.parse('['.repeat(2000) + ']'.repeat(2000)),
  ];
  yield* ['', 'null', '[]', '{', '[{', '\ufeff{}', '{"__proto__":{}}', '{"price":1e999}', '['.repeat(100_000)];
  const file = JSON.parse(text) as Node;
  const write = (): string => JSON.stringify(file);
  for (const [node, key] of places(file)) {
    const kept = node[key];
    for (const one of odd) {
      node[key] = one;
      yield write();
    }
    node[key] = kept;
    if (Array.isArray(node)) continue;
    Reflect.deleteProperty(node, key);
    yield write();
    node[`${key}x`] = kept;
    yield write();
    Reflect.deleteProperty(node, `${key}x`);
    node[key] = kept;
  }
}

type Node = Record<string, unknown>;

/** Places of a kind once: the first of each list. */
function* places(node: Node): Iterable<readonly [Node, string]> {
  for (const key of Array.isArray(node) ? ['0'] : Object.keys(node)) {
    const value = node[key];
    if (typeof value === 'object' && value !== null) yield* places(value as Node);
    yield [node, key];
  }
}
