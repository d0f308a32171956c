/*
 * `ptg connect`: the client's end of the transport for the folder's subscription, in the foreground, and a torrc for the user's own tor;
 * which it starts, too, where one is named. What happens is printed as it happens. And `ptg transport`, which a tor starts itself.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { refuser, type Refusal, type Result } from '../core/refusal.ts';
import { encode } from '../core/wire/codec.ts';
import { units } from '../core/wire/field.ts';
import { bill as billShape } from '../core/wire/guard.ts';
import { pause, stopwatch, systemClock } from '../host/clock.ts';
import { dial, placeOf, type Place } from '../host/dial.ts';
import { systemEntropy } from '../host/entropy.ts';
import { createLog } from '../host/log.ts';
import { onSignals } from '../host/shutdown.ts';
import { systemTcp, tcpAddressOf, type TcpAddress } from '../host/tcp.ts';
import { connect, unfitText, type Connection, type ConnectEvent } from '../node/connect.ts';
import { openHome, type OpenedHome } from '../node/open.ts';
import { connectSpec } from '../node/spec.ts';
import { startNode, type RunningNode } from '../node/start.ts';
import { announce, managedSetup } from '../tor/transport/managed.ts';
import { answersOnSocket } from './call.ts';
import { nodeHome, refuseHome, type HomeOptions } from './home.ts';
import { bytesText, createOutput, grouped } from './output.ts';

export const connectCommandRefusals = {
  'connect-tor': {
    retry: true,
    text: 'the tor that was started has ended',
    remedy: 'see its notice.log in the folder tor beside ptg.toml',
  },
  'connect-tor-runs': {
    retry: true,
    text: 'a tor answers already where this one would be',
    remedy: 'end it, or leave out --tor and let it read the torrc that is written',
  },
} as const;
const refuse = refuser(connectCommandRefusals);

type Options = HomeOptions & { readonly json?: boolean; readonly anyPath?: boolean; readonly tor?: string };

/** What connecting says, and the last bill. */
type Said =
  | ConnectEvent
  | {
      readonly event: 'bill';
      readonly interval: number;
      readonly circuitBytes: bigint;
      readonly otherBytes: bigint;
      readonly charge: bigint;
      readonly signed: bigint;
    };

export function addConnectCommands(program: Command): void {
  program
    .command('connect')
    .argument('[guard]', 'else the one subscribed to last')
    .description('carry a tor of yours through the guard, in the foreground; writes its torrc')
    .option('--any-path', 'circuits may lead through relays that nobody pays')
    .option('--tor <program>', 'start this tor, and stop it at the end')
    .action(async (guard: string | undefined, _: unknown, command: Command) => {
      const options = command.optsWithGlobals<Options>();
      const refused = await run(guard, options);
      if (refused !== null) createOutput(options.json === true).refuse(refused);
    });
  program
    .command('transport')
    .description(
      'started by a tor (ClientTransportPlugin or ServerTransportPlugin exec): says where the ends of this folder listen',
    )
    .action(async (_: unknown, command: Command) => stand(command.optsWithGlobals<Options>()));
}

async function run(guard: string | undefined, options: Options): Promise<Refusal | null> {
  const home = nodeHome(options, process.env);
  if (!home.ok) return home.refusal;
  const opened = await openHome(home.value, systemEntropy());
  if (!opened.ok) return opened.refusal;
  if (!opened.value.spec.roles.includes('client')) return refuseHome('home-no-role', `${home.value}: client`).refusal;
  if (await answersOnSocket(home.value, 'client')) return refuseHome('home-runs', `${home.value}: client`).refusal;
  const say = (said: Said): void => void process.stdout.write(options.json === true ? `${encode(said)}\n` : saidText(said));
  return carry(opened.value, { ...options, ...(guard === undefined ? {} : { guard }) }, say);
}

async function carry(
  opened: OpenedHome,
  { guard, anyPath = false, tor }: Options & { readonly guard?: string },
  say: (said: Said) => void,
): Promise<Refusal | null> {
  const [clock, entropy] = [systemClock(), systemEntropy()];
  const log = createLog({ clock, level: 'error' });
  const spec = connectSpec.parse(opened.spec.connect ?? {});
  const node = await startNode({ ...opened, spec: { ...opened.spec, roles: ['client'] }, connect: spec, clock, entropy, log });
  let child: ChildProcess | null = null;
  try {
    await node.view.refresh();
    const given = guard === undefined ? {} : { guard };
    const made = await connect(node, { home: opened.home, spec, anyPath, clock, log, say, ...given });
    if (!made.ok) return made.refusal;
    if (tor !== undefined && !(await isFree(spec.control))) return refuse('connect-tor-runs', spec.control).refusal;
    if (tor !== undefined) child = startTor(tor, made.value);
    const ended = await Promise.race([made.value.ended, stopped(), gone(child)]);
    let isEnough = false;
    const enough = stopped().then(() => (isEnough = true));
    await made.value.finish(enough);
    if (!isEnough) for (const bill of await lastBills(node)) say(bill);
    return ended;
  } finally {
    await stopTor(child);
    await node.stop();
  }
}

function stopped(): Promise<null> {
  return new Promise((end) => {
    const undo = onSignals(
      async () => undefined,
      () => {
        undo();
        end(null);
      },
    );
  });
}

/** Its own torrc alone: no file of the system's takes part. It ends by itself when this process is gone. */
function startTor(program: string, { torrc }: Connection): ChildProcess {
  const alone = ['--defaults-torrc', '/dev/null', '-f', torrc, '--quiet', '__OwningControllerProcess', String(process.pid)];
  return spawn(program, alone, { stdio: 'ignore' });
}

/** A tor looks each 15 seconds whether the process that it belongs to is there: one whose `ptg connect` was killed is waited for. */
const OWNED_SEC = 20;

async function isFree(control: string): Promise<boolean> {
  const place = placeOf(control);
  const waited = stopwatch();
  while (place !== null && (await answers(place))) {
    if (waited() > OWNED_SEC) return false;
    await pause(1000);
  }
  return true;
}

function answers(place: Place): Promise<boolean> {
  return new Promise((tell) => {
    const stream = dial(place, {
      open() {
        tell(true);
        stream.end();
      },
      data: () => undefined,
      closed: () => tell(false),
    });
  });
}

function gone(child: ChildProcess | null): Promise<Refusal> {
  return new Promise((end) => {
    child?.once('error', (error) => end(refuse('connect-tor', error.message).refusal));
    child?.once('exit', (code) => end(refuse('connect-tor', `exit code ${code ?? 'none'}`).refusal));
  });
}

const STOP_SEC = 10;

async function stopTor(child: ChildProcess | null): Promise<void> {
  if (child === null || child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((end) => child.once('exit', end));
  const clock = systemClock();
  const since = clock.now();
  const undo = clock.onWake(() => {
    if (clock.now() > since + STOP_SEC) child.kill('SIGKILL');
  });
  child.kill('SIGTERM');
  await ended;
  undo();
}

const bills = z.object({ bills: z.array(z.object({ bill: z.object({ body: billShape }).loose(), signed: units })) });

/** Of the intervals that run or have just ended; none where the guard does not answer. */
async function lastBills(node: RunningNode): Promise<Said[]> {
  const answer: Result<z.infer<typeof bills>> = await node.http.local('client', '/client/bills', {}, bills);
  if (!answer.ok) return [];
  return answer.value.bills
    .filter(({ bill }) => bill.body.circuitBytes + bill.body.otherBytes > 0n)
    .map(({ bill: { body }, signed }) => {
      const { interval, circuitBytes, otherBytes, charge } = body;
      return { event: 'bill', interval, circuitBytes, otherBytes, charge, signed };
    });
}

function saidText(said: Said): string {
  switch (said.event) {
    case 'connected':
      return connectedText(said);
    case 'members':
      return `the network has changed: circuits lead through its ${said.middles} relays, ${said.exits} of them exits\n`;
    case 'tor':
      return said.up ? 'your tor is there\n' : `your tor is away: ${said.reason ?? 'no reason given'}\n`;
    case 'balance': {
      const { balance, rail, spent, signed, state, carried, unpaid } = said;
      const free =
        unpaid.circuits === 0 ? '' : `; unpaid hops: ${unpaid.circuits} circuits, ${bytesText(unpaid.bytes)} of theirs`;
      return `balance ${grouped(balance)} ${rail} (${state}), spent ${grouped(spent)}, of it signed ${grouped(signed)}; carried ${bytesText(carried)}${free}\n`;
    }
    case 'warning':
      return `warning: ${said.text} [${said.code}]\n`;
    case 'session-ended':
      return `the guard ended the session: ${said.reason}\n`;
    case 'signing':
      return `signing what was used, within ${said.upToSec} s; Ctrl-C again leaves it to the next run\n`;
    case 'unsigned':
      return 'not all of it is signed yet: ptg connect or ptg run signs it\n';
    case 'bill': {
      const { interval, circuitBytes, otherBytes, charge, signed } = said;
      const parts = `circuits ${bytesText(circuitBytes)}, other ${bytesText(otherBytes)}`;
      return `bill of interval ${interval}: ${parts}, charge ${grouped(charge)}, of it signed ${grouped(signed)}\n`;
    }
    case 'ended':
      return `ended: ${said.reason}\n`;
  }
}

function connectedText({
  nickname,
  instead,
  bills: isBilled,
  torrc,
  proxy,
  members,
  leavesTor,
}: ConnectEvent & { event: 'connected' }): string {
  const whose = instead === null ? '' : `, of the family of your guard: ${unfitText(instead)}`;
  const watch = isBilled ? '' : 'It runs in watch mode: it carries you free of charge, and pays nobody for it.\n';
  const path =
    members === null
      ? 'Circuits lead through any relay of Tor; hops outside the network are paid by nobody.\n'
      : `Circuits lead through the ${members.middles} relays of the network, ${members.exits} of them exits. You look like those who do the same,\nand not like all of Tor: the fewer relays and subscribers, the easier you are to pick out. --any-path lifts it.\n`;
  const kind = leavesTor ? '' : 'Your circuits do not leave Tor: it takes onion addresses alone.\n';
  return `guard ${nickname}${whose}\n${watch}${path}${kind}torrc written. Unless --tor started it, run: tor -f ${torrc}\nThen point programs to SOCKS ${proxy}.\n`;
}

/** Managed mode: both ends run elsewhere, this says where, and stays until tor goes. */
async function stand(options: Options): Promise<void> {
  const home = nodeHome(options, process.env);
  if (process.env['TOR_PT_MANAGED_TRANSPORT_VER'] === undefined) {
    if (!home.ok) return createOutput(options.json === true).refuse(home.refusal);
    return createOutput(options.json === true).print(managedSetup(thisCommand(home.value)), setupText);
  }
  const opened = home.ok ? await openHome(home.value, systemEntropy()) : home;
  const spec = opened.ok ? opened.value.spec : null;
  const connecting = spec?.roles.includes('client') === true ? connectSpec.parse(spec.connect ?? {}).transport : undefined;
  const running = { client: await listening(connecting), server: await listening(spec?.transport?.listen) };
  const { lines, stays, stateFolder, endsWithInput } = announce(process.env, running);
  if (stateFolder !== null) await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  if (!stays) {
    process.exitCode = 1;
    return;
  }
  const signalled = stopped();
  const closed = new Promise<void>((end) => void process.stdin.once('end', end).once('close', end).resume());
  await (endsWithInput ? Promise.race([signalled, closed]) : signalled);
  process.stdin.destroy();
}

/** As a tor has to start it, which knows no shell's path. */
function thisCommand(home: string): string[] {
  return [process.execPath, resolve(process.argv[1] ?? 'ptg'), 'transport', '--home', home];
}

function setupText({ client, server, appArmor }: ReturnType<typeof managedSetup>): string {
  return `In the torrc of a subscriber’s tor, instead of socks5 and its address:
  ${client}
In the torrc of a guard’s tor, so that its extra-info names the transport; with ExtORPort auto:
  ${server}
On Debian, in /etc/apparmor.d/local/system_tor, then apparmor_parser -r /etc/apparmor.d/system_tor:
  ${appArmor}
The node has to run all the same: ptg run, or ptg connect.
`;
}

/** Null where nobody answers. */
async function listening(text: string | undefined): Promise<TcpAddress | null> {
  const address = text === undefined ? null : tcpAddressOf(text);
  if (address === null) return null;
  const local = { ...address, host: address.host === '0.0.0.0' ? '127.0.0.1' : address.host === '::' ? '::1' : address.host };
  const wire = await systemTcp().dial(local);
  wire?.stream.destroy();
  return wire === null ? null : address;
}
