/*
 * A second settlement process on the database of a first: a child of rivals.ts, told the time and when to go on by messages. Before the
 * call that it was told to stop at, it says so, and waits until it is continued.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { network } from '../../core/wire/network.ts';
import { drivenClock } from '../../host/clock.ts';
import { openDatabase } from '../../host/db/open.ts';
import { seededEntropy } from '../../host/entropy.ts';
import { createHttpClient } from '../../host/http/client.ts';
import { silentLog } from '../../host/log.ts';
import type { HttpClient } from '../../host/ports.ts';
import { keysIn } from '../../node/keys.ts';
import { nodeSpec } from '../../node/spec.ts';
import { startNode } from '../../node/start.ts';

export interface RivalOrders {
  /** Of the first process. */
  readonly home: string;
  readonly spec: unknown;
  readonly networkFile: string;
  readonly now: number;
  /** Where it stops: before it writes the intent, or with the intent written and the payment not yet sent. */
  readonly stopAt: 'balance' | 'payment';
}

const orders = JSON.parse(process.argv[2] ?? '') as RivalOrders;
const say = (what: string) => process.send?.(what);
const clock = drivenClock(orders.now);
const entropy = seededEntropy('rival');
let isArmed = false;
let transactions = 0;

/** Said, and then this process stops itself in the middle of its call, at a moment at which it holds no lock on the database. */
async function here(point: RivalOrders['stopAt']): Promise<void> {
  if (!isArmed || point !== orders.stopAt) return;
  isArmed = false;
  await new Promise<void>((resolve) => process.send?.(`at ${point}`, () => resolve()));
  while (transactions > 0) await new Promise((resolve) => setImmediate(resolve));
  process.kill(process.pid, 'SIGSTOP');
}

const known = network.parse(JSON.parse(readFileSync(orders.networkFile, 'utf8')));
const node = await startNode({
  spec: nodeSpec.parse(orders.spec),
  home: join(orders.home, '..', 'rival'),
  network: known,
  keys: keysIn(join(orders.home, 'keys'), entropy),
  ...{ clock, entropy, log: silentLog() },
  async openDatabase(place, migrations, name, owner) {
    const isShared = name === 'settlement' && 'file' in place;
    const shared = isShared ? { file: join(orders.home, 'settlement.sqlite') } : place;
    const database = await openDatabase(shared, migrations, name, owner);
    return {
      ...database,
      async transaction(work) {
        transactions += 1;
        try {
          return await database.transaction(work);
        } finally {
          transactions -= 1;
        }
      },
    };
  },
  createHttpClient(options) {
    // Its own relay is that of the first process.
    const client = createHttpClient({ ...options, home: orders.home });
    const get: HttpClient['get'] = async (url, output, given) => {
      if (/\/ledger\/accounts\/[0-9a-f]{64}$/.test(url)) await here('balance');
      return client.get(url, output, given);
    };
    const post: HttpClient['post'] = async (url, body, output, given) => {
      if (!url.endsWith('/ledger/transfers')) return client.post(url, body, output, given);
      await here('payment');
      say('pays');
      return client.post(url, body, output, given);
    };
    return { ...client, get, post };
  },
});

process.on('message', (message: { readonly now?: number; readonly arm?: boolean; readonly end?: boolean }) => {
  if (message.arm === true) isArmed = true;
  if (message.now !== undefined) clock.advance(message.now);
  if (message.end === true) void node.stop().then(() => process.exit(0));
  const rest = () => (node.busy() ? setImmediate(rest) : say('idle'));
  if (message.now !== undefined) rest();
});
say('started');
