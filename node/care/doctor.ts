/*
 * What ails a node: its folder and the clock in; one finding a thing looked at, each with its remedy, out. It changes nothing and
 * needs no running node. Called by `ptg doctor`.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { signingKey } from '../../core/crypto/keys.ts';
import { verify } from '../../core/crypto/sign.ts';
import { CONSENSUS_BYTES_MAX } from '../../core/limits.ts';
import { consensusDocument, verifyConsensus, type Consensus } from '../../core/wire/consensus.ts';
import { aliveAnswer } from '../../core/wire/directory.ts';
import { signedLogHead } from '../../core/wire/ledger.ts';
import { findDatabaseFault, peekDatabase } from '../../host/db/copy.ts';
import { dial } from '../../host/dial.ts';
import { readKeyFile } from '../../host/files.ts';
import { systemTcp } from '../../host/tcp.ts';
import { z } from 'zod';
import { createHttpClient } from '../../host/http/client.ts';
import { readServerDate } from '../../host/http/date.ts';
import type { Clock, Entropy, HttpClient } from '../../host/ports.ts';
import { chains } from '../../rail/bitcoin/network.ts';
import { readPlace } from '../../guard/deposit/store.ts';
import { derivation } from '../../rail/bitcoin/derive.ts';
import { RECEIVING } from '../../rail/bitcoin/descriptor.ts';
import { readTip, type Tip } from '../../rail/bitcoin/follow.ts';
import { BITCOIN } from '../../rail/bitcoin/payment.ts';
import { parsePlace } from '../../rail/bitcoin/place.ts';
import { refuseBitcoin } from '../../rail/bitcoin/refusals.ts';
import type { Rpc } from '../../rail/bitcoin/rpc.ts';
import { readBitcoin, type OwnBitcoin } from '../bitcoin.ts';
import { depositsOf } from '../wallets.ts';
import { openHome, type OpenedHome } from '../open.ts';
import { checkNode, keyFile, keyNamesOf } from './check.ts';
import { examineTor } from './doctor-tor.ts';
import { bad, good, poor, type Finding } from './finding.ts';
import { readLastBackup } from './manifest.ts';

export interface Patient extends OpenedHome {
  readonly http: HttpClient;
  readonly clock: Clock;
  /** The newest of those that the authorities gave and that verify. */
  readonly consensus: Consensus | null;
}

export async function examineNode(home: string, clock: Clock, entropy: Entropy): Promise<Finding[]> {
  const opened = await openHome(home, entropy);
  if (!opened.ok) return [bad('configuration', `${opened.refusal.text}: ${opened.refusal.about}`, opened.refusal.remedy)];
  const http = createHttpClient({ networkId: opened.value.network.networkId, entropy, home });
  try {
    const { findings, consensus } = await examineAuthorities(opened.value, http, clock);
    const patient: Patient = { ...opened.value, http, clock, consensus };
    return [
      await examineConfiguration(home, entropy),
      ...(await examineKeys(patient)),
      ...(await examineDatabases(patient)),
      ...findings,
      await examineClock(patient),
      ...(await examineLedger(patient)),
      ...(await examineBitcoin(patient)),
      ...(await examinePort(patient)),
      ...(await examineTor(patient, { clock, entropy, dial, tcp: systemTcp() })),
      await examineBackup(patient),
    ];
  } finally {
    await http.close();
  }
}

async function examineConfiguration(home: string, entropy: Entropy): Promise<Finding> {
  const checked = await checkNode(home, entropy);
  // Keys have lines of their own.
  if (!checked.ok && !checked.refusal.code.startsWith('key-')) {
    return bad('configuration', `${checked.refusal.text}: ${checked.refusal.about}`, checked.refusal.remedy);
  }
  return good('configuration', 'ptg.toml and network.json are as they should be');
}

async function examineKeys({ home, spec }: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of keyNamesOf(spec)) {
    const read = await readKeyFile(keyFile(home, name));
    if (!read.ok) findings.push(bad(`key ${name}`, `${read.refusal.text}: ${read.refusal.about}`, read.refusal.remedy));
  }
  return findings.length > 0 ? findings : [good('keys', `${keyNamesOf(spec).length}, each readable by its owner alone`)];
}

async function examineDatabases({ home, spec }: Patient): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const role of spec.roles) {
    const url = spec.databases[role];
    const file = join(home, `${role}.sqlite`);
    const what = `database ${role}`;
    if (url === undefined && !existsSync(file)) {
      findings.push(poor(what, 'not there yet', 'ptg run makes it; if the node ran before, restore the newest backup'));
      continue;
    }
    const fault = await findDatabaseFault(url === undefined ? { file } : { url });
    const remedy =
      url === undefined ? 'stop the node, and restore the newest backup into an empty folder' : 'check that PostgreSQL runs';
    findings.push(fault === null ? good(what, url === undefined ? 'opens and is sound' : 'answers') : bad(what, fault, remedy));
  }
  return findings;
}

async function examineAuthorities(
  { network }: OpenedHome,
  http: HttpClient,
  clock: Clock,
): Promise<{ findings: Finding[]; consensus: Consensus | null }> {
  const findings: Finding[] = [];
  let newest: Consensus | null = null;
  for (const { name, url } of network.authorities) {
    const what = `authority ${name}`;
    const document = await http.get(`${base(url)}/directory/consensus`, consensusDocument, { answerMax: CONSENSUS_BYTES_MAX });
    const verified = document.ok ? verifyConsensus(document.value, network) : document;
    if (!verified.ok) {
      findings.push(poor(what, `${verified.refusal.text}: ${verified.refusal.about}`, verified.refusal.remedy));
      continue;
    }
    const { body } = verified.value;
    if (newest === null || body.validAfter > newest.validAfter) newest = body;
    findings.push(good(what, `answers; its consensus is signed by a majority`));
  }
  const now = clock.now();
  if (newest === null) {
    findings.push(bad('consensus', 'no authority gave one that verifies', 'check the network connection, and network.json'));
  } else if (newest.validUntil <= now) {
    findings.push(
      bad('consensus', `over for ${now - newest.validUntil} s`, 'check the clock; else ask whoever runs the authorities'),
    );
  } else if (newest.freshUntil + (newest.freshUntil - newest.validAfter) <= now) {
    findings.push(poor('consensus', `stale for ${now - newest.freshUntil} s`, 'ask whoever runs the authorities'));
  } else {
    findings.push(good('consensus', `made ${Math.max(0, now - newest.validAfter)} s ago, with ${newest.relays.length} relays`));
  }
  return { findings, consensus: newest };
}

/** Against what the authorities say that it is, and what they have signed. */
async function examineClock({ network, clock, consensus }: Patient): Promise<Finding> {
  const skewMax = consensus?.terms[0]?.parameters.skewSec ?? 60;
  const remedy = 'set the clock by NTP: others refuse what is dated wrongly';
  const ahead = consensus === null ? 0 : consensus.validAfter - clock.now();
  if (ahead > skewMax) return bad('clock', `${ahead} s behind the newest consensus`, remedy);
  const differences: number[] = [];
  for (const { url } of network.authorities) {
    const theirs = await readServerDate(`${base(url)}/directory/consensus`);
    if (theirs !== null) differences.push(clock.now() - theirs);
  }
  const middle = differences.sort((a, b) => a - b)[Math.floor(differences.length / 2)];
  if (middle === undefined) return poor('clock', 'there is nobody to compare it with', 'try again when an authority answers');
  if (Math.abs(middle) > skewMax) return bad('clock', `${middle} s off the authorities’`, remedy);
  return good('clock', `within ${Math.abs(middle)} s of the authorities’`);
}

async function examineLedger({ network, http }: Patient): Promise<Finding[]> {
  const { ledger, networkId } = network;
  if (ledger === null) return [];
  const head = await http.get(`${base(ledger.url)}/ledger/head`, signedLogHead);
  const remedy = 'nothing can be paid meanwhile; it is paid when the ledger answers again';
  if (!head.ok) return [bad('ledger', `${head.refusal.text}: ${head.refusal.about}`, remedy)];
  if (verify('loghead', networkId, head.value, ledger.logKey) === null) {
    return [
      bad('ledger', 'its log is not signed by the key in network.json', 'check network.json with whoever runs the network'),
    ];
  }
  return [good('ledger', `answers; ${head.value.body.size} entries`)];
}

async function examineBitcoin(patient: Patient): Promise<Finding[]> {
  const own = readBitcoin(patient);
  if (!own.ok) return [bad('bitcoin', `${own.refusal.text}: ${own.refusal.about}`, own.refusal.remedy)];
  if (own.value === null) return [];
  const { rpc, rules, spec } = own.value;
  try {
    const tip = await readTip(rpc, chains[rules.chain]);
    if (!tip.ok) return [bad('bitcoin', `${tip.refusal.text}: ${tip.refusal.about}`, tip.refusal.remedy)];
    const answers = good('bitcoin', `bitcoind answers; block ${tip.value.height} of ${rules.chain}`);
    const pays = patient.spec.roles.includes('settlement') && spec.wallet !== undefined;
    return [answers, ...(pays ? [await examineIndexes(rpc)] : []), ...(await examineDeposits(patient, own.value, tip.value))];
  } finally {
    rpc.close();
  }
}

/** A guard reads on from where it stopped: those blocks have to be there still. */
async function examineDeposits({ home, spec, keys }: Patient, own: OwnBitcoin, { keptFrom, height }: Tip): Promise<Finding[]> {
  const account = spec.roles.includes('guard') ? await depositsOf(own, keys) : null;
  if (account === null) return [];
  const url = spec.databases.guard;
  const file = join(home, 'guard.sqlite');
  if (url === undefined && !existsSync(file)) return [];
  const watched = { rail: BITCOIN, wallet: derivation(account, RECEIVING)(0).address };
  const place = await peekDatabase(url === undefined ? { file } : { url }, (tx) => readPlace(tx, watched));
  if (place === null || place === '') return [];
  const what = 'bitcoin deposits';
  const next = parsePlace(place).height + 1;
  if (next >= keptFrom) return [good(what, `read up to block ${next - 1} of ${height}`)];
  const { text, remedy } = refuseBitcoin('bitcoin-pruned', '').refusal;
  return [bad(what, `${text}: ${next}; it begins with ${keptFrom}`, remedy)];
}

/** What proofs and payments to a destination are found by. */
async function examineIndexes(rpc: Rpc): Promise<Finding> {
  const what = 'bitcoin indexes';
  const answer = await rpc.call('getindexinfo', [], z.record(z.string(), z.object({ synced: z.boolean() })));
  if (!answer.ok) return bad(what, `${answer.refusal.text}: ${answer.refusal.about}`, answer.refusal.remedy);
  const wanted = { txindex: '-txindex=1', 'basic block filter index': '-blockfilterindex=1' };
  const missing = Object.entries(wanted).filter(([name]) => answer.value[name] === undefined);
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(' and ');
    return bad(what, `it has no ${names}`, `start bitcoind with ${missing.map(([, option]) => option).join(' ')}, not pruned`);
  }
  const isBuilding = Object.keys(wanted).some((name) => answer.value[name]?.synced === false);
  return isBuilding
    ? poor(what, 'they are still being built', 'wait; payments in Bitcoin wait too')
    : good(what, 'both are there');
}

/** From here, by the address that others use. */
async function examinePort({ home, spec, http }: Patient): Promise<Finding[]> {
  if (!spec.roles.includes('relay') || spec.url === undefined) return [];
  const alive = await http.get(`${base(spec.url)}/relay/alive`, aliveAnswer);
  const remedy = 'start the node with ptg run; then let the port through, and check url and listen in ptg.toml';
  if (!alive.ok) return [bad('port', `${alive.refusal.text}: ${alive.refusal.about}`, remedy)];
  const seed = await readKeyFile(keyFile(home, 'identity'));
  if (seed.ok && alive.value.id !== signingKey(seed.value).publicKey) {
    return [bad('port', `another relay answers at ${spec.url}: ${alive.value.nickname}`, 'correct url in ptg.toml')];
  }
  return [good('port', `this relay answers at ${spec.url}`)];
}

async function examineBackup({ home, clock, consensus }: Patient): Promise<Finding> {
  const at = await readLastBackup(home);
  const remedy = 'ptg backup FILE, and keep the file elsewhere';
  if (at === null) return poor('backup', 'there is none yet', remedy);
  const age = Math.max(0, clock.now() - at);
  const ageMax = consensus?.terms[0]?.parameters.intervalSec ?? BACKUP_AGE_MAX;
  return age > ageMax ? poor('backup', `${ageText(age)} old`, remedy) : good('backup', `${ageText(age)} old`);
}

/** An interval, where no terms say how long that is. */
const BACKUP_AGE_MAX = 15 * 86_400;

function ageText(seconds: number): string {
  if (seconds >= 2 * 86_400) return `${Math.floor(seconds / 86_400)} days`;
  return seconds >= 2 * 3600 ? `${Math.floor(seconds / 3600)} hours` : `${seconds} s`;
}

function base(url: string): string {
  return url.replace(/\/+$/, '');
}
