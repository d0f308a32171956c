/*
 * The process that dies: a node as `ptg run` composes it from its folder, but that the clock is its parent's, traffic comes from there,
 * and at the k-th point after it was armed it kills itself, as a power cut would. Its parent talks to it over IPC (wire.ts). Started by
 * process.ts.
 */
import { ServerResponse } from 'node:http';
import { writeFileSync } from 'node:fs';
import { seededEntropy } from '../../host/entropy.ts';
import { createLog, silentLog } from '../../host/log.ts';
import type { Clock } from '../../host/ports.ts';
import { need } from '../../lab/report.ts';
import { openHome } from '../../node/open.ts';
import { startNode, type RunningNode } from '../../node/start.ts';
import { createListeners } from '../../tor/listeners.ts';
import { createQuestion } from './question.ts';
import { pointBeforeAnswers, withPoints } from './points.ts';
import type { AllowAsk, Asked, Asks, ClientReading, Quiet, SessionAsk, SessionEnd, Told } from './wire.ts';
import type { CircuitReading, SessionReading } from '../../tor/meter.ts';

type Answers = { readonly [what in keyof Asks]: (value: Asks[what][0]) => Promise<Asks[what][1]> };

let now = 0;
const wakes = createListeners<null>();
const clock: Clock = { now: () => now, onWake: (run) => wakes.listen(() => run()) };

let happened = 0;
let armed: { at: number | null; note: string; count: number } | null = null;
const at = (what: string): void => {
  happened += 1;
  if (armed === null) return;
  armed.count += 1;
  if (armed.count !== armed.at) return;
  writeFileSync(armed.note, what);
  process.kill(process.pid, 'SIGKILL');
};
pointBeforeAnswers(ServerResponse, at);

const readings = createListeners<CircuitReading>();
const sessionReadings = createListeners<SessionReading>();
const sessionsClosed = createListeners<string>();
const clientReadings = createListeners<ClientReading>();
const sessionsEnded = createListeners<SessionEnd>();
const opens = createQuestion<SessionAsk, boolean>(false);
const allows = createQuestion<AllowAsk, bigint>(0n);

let node: RunningNode | null = null;

async function start({ home, now: begin, seed }: Asks['start'][0]): Promise<null> {
  now = begin;
  const entropy = seededEntropy(seed);
  const opened = need(await openHome(home, entropy));
  node = await startNode({
    ...opened,
    clock,
    entropy,
    log: process.env['KILL_LOG'] === undefined ? silentLog() : createLog({ clock }),
    ...withPoints(at),
    meter: { kind: 'traffic', onReading: readings.listen },
    guardTransport: {
      onOpen: opens.answerBy,
      onReading: sessionReadings.listen,
      onClose: sessionsClosed.listen,
      onAllow: allows.answerBy,
      end: (connection, reason) => tell({ ends: { connection, reason } }),
    },
    clientTransport: { onReading: clientReadings.listen, onEnded: sessionsEnded.listen },
  });
  return null;
}

/** Several quiet turns in a row, as lab/drive.ts has it. */
async function quiet(): Promise<Quiet> {
  for (let turns = 0; turns < 4;) {
    turns = node?.busy() === true ? 0 : turns + 1;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return { nextDue: node?.nextDue() ?? null, happened };
}

const answers: Answers = {
  start,
  arm: async ({ at: point, note }) => ((armed = { at: point, note, count: 0 }), null),
  disarm: async () => {
    const count = armed?.count ?? 0;
    armed = null;
    return count;
  },
  time: async (to) => ((now = to), null),
  wake: async () => (wakes.tell(null), null),
  quiet,
  reading: async (value) => (readings.tell(value), null),
  sessionReading: async (value) => (sessionReadings.tell(value), null),
  sessionClosed: async (value) => (sessionsClosed.tell(value), null),
  sessionOpen: (value) => opens.ask(value),
  allow: (value) => allows.ask(value),
  clientReading: async (value) => (clientReadings.tell(value), null),
  sessionEnded: async (value) => (sessionsEnded.tell(value), null),
  stop: async () => (await node?.stop(), null),
};

function tell(told: Told): void {
  process.send?.(told);
}

process.on('message', (message) => {
  const { id, what, value } = message as Asked;
  (answers[what] as (value: unknown) => Promise<unknown>)(value).then(
    (answer) => tell({ id, value: answer }),
    (thrown: unknown) => tell({ id, failed: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) }),
  );
});
// Whoever started it is gone.
process.on('disconnect', () => process.exit());
