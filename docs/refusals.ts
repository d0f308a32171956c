/*
 * The page docs/refusals.md, made from the tables beside the objects: `node --import tsx docs/refusals.ts > docs/refusals.md`.
 * A test compares the file with this.
 */
import { connectCommandRefusals } from '../cli/connect.ts';
import { explainRefusals } from '../cli/explain.ts';
import { fiatRefusals } from '../cli/fiat.ts';
import { homeRefusals } from '../cli/home.ts';
import { labRefusals } from '../cli/lab.ts';
import { mintRefusals } from '../cli/ledger.ts';
import { mainRefusals } from '../cli/main.ts';
import { passphraseRefusals } from '../cli/passphrase.ts';
import { testbedFolderRefusals } from '../cli/testbed.ts';
import { signingRefusals } from '../cli/signing.ts';
import { verifyInputRefusals } from '../cli/verify.ts';
import { clientRefusals } from '../client/refusals.ts';
import type { RefusalTable } from '../core/refusal.ts';
import { refusalTables } from '../core/refusals.ts';
import { archiveRefusals } from '../host/archive.ts';
import { configRefusals } from '../host/config.ts';
import { databaseRefusals } from '../host/db/fault.ts';
import { fileRefusals } from '../host/files.ts';
import { httpRefusals } from '../host/http/refusals.ts';
import { sealRefusals } from '../host/seal.ts';
import { scenarioRefusals } from '../lab/scenario/file.ts';
import { scenarioRunRefusals } from '../lab/scenario/run.ts';
import { bitcoinTestbedRefusals } from '../lab/testbed/bitcoin.ts';
import { torTestbedRefusals } from '../lab/testbed/tor.ts';
import { testbedRefusals } from '../lab/testbed/stages.ts';
import { nodeRefusals } from '../node/care/check.ts';
import { restoreRefusals } from '../node/care/restore.ts';
import { ownBitcoinRefusals } from '../node/bitcoin.ts';
import { initBitcoinRefusals } from '../node/init-bitcoin.ts';
import { connectRefusals } from '../node/connect.ts';
import { initRefusals } from '../node/init.ts';
import { homeFileRefusals } from '../node/open.ts';
import { transportNodeRefusals } from '../node/transport.ts';
import { bitcoinPaymentRefusals } from '../rail/bitcoin/wallet/refusals.ts';
import { bitcoinRefusals } from '../rail/bitcoin/refusals.ts';
import { directoryTorRefusals } from '../tor/authority/directory-tor.ts';
import { middleOnlyRefusals } from '../tor/authority/middle-only.ts';
import { payoutRefusals } from '../settlement/payout/flow.ts';
import { serverDescriptorRefusals } from '../tor/authority/server-descriptor.ts';
import { authenticateRefusals } from '../tor/control/authenticate.ts';
import { replyRefusals } from '../tor/control/reply.ts';
import { sessionRefusals } from '../tor/control/session.ts';
import { cellRefusals } from '../tor/reading/cells.ts';
import { dumpRefusals } from '../tor/reading/dump.ts';
import { lookRefusals } from '../tor/reading/look.ts';
import { torDocumentRefusals } from '../tor/consensus/document.ts';
import { torrcRefusals } from '../tor/torrc/settings.ts';
import { drawRefusals } from '../tor/consensus/draw.ts';
import { pathRefusals } from '../tor/consensus/path.ts';
import { toldRefusals } from '../tor/transport/handshake.ts';
import { transportRefusals } from '../tor/transport/refusals.ts';

/** Core's, which travel; and those of the other rooms, which are for people. */
const tables: Readonly<Record<string, RefusalTable>> = {
  ...refusalTables,
  'Between two machines': httpRefusals,
  Sealing: sealRefusals,
  'The client, of its guard and to its user': clientRefusals,
  'Key files': fileRefusals,
  Databases: databaseRefusals,
  Configuration: configRefusals,
  'Files of a node': homeFileRefusals,
  'Finding a node': homeRefusals,
  'Making a node': { ...initRefusals, ...initBitcoinRefusals, ...nodeRefusals, ...ownBitcoinRefusals },
  'Rates of another currency': fiatRefusals,
  'The Bitcoin rail, of a node and what an operator configures': bitcoinRefusals,
  'Archives and passphrases': { ...archiveRefusals, ...restoreRefusals, ...passphraseRefusals },
  Commands: { ...mainRefusals, ...mintRefusals, ...verifyInputRefusals, ...labRefusals, ...explainRefusals, ...signingRefusals },
  'Scenario files': { ...scenarioRefusals, ...scenarioRunRefusals },
  Testbeds: { ...testbedRefusals, ...testbedFolderRefusals, ...bitcoinTestbedRefusals, ...torTestbedRefusals },
  'Payouts that are signed elsewhere': payoutRefusals,
  'Bitcoin payments and proofs': bitcoinPaymentRefusals,
  'The tor beside a relay': {
    ...sessionRefusals,
    ...replyRefusals,
    ...authenticateRefusals,
    ...dumpRefusals,
    ...lookRefusals,
    ...cellRefusals,
  },
  'The tor beside a directory': { ...directoryTorRefusals, ...serverDescriptorRefusals, ...middleOnlyRefusals },
  'A torrc': torrcRefusals,
  'Tor documents': torDocumentRefusals,
  'Drawing a network': drawRefusals,
  'Choosing a path': pathRefusals,
  'The paidguard transport': {
    ...transportRefusals,
    ...toldRefusals,
    ...transportNodeRefusals,
    ...connectRefusals,
    ...connectCommandRefusals,
  },
};

export function refusalsPage(): string {
  const parts = [
    '# Refusals',
    '',
    'Every code with which a part of the system says no, in the order in which each object is checked. Made by `docs/refusals.ts`',
    'from the tables beside the objects. *Again* tells whether the same request may succeed later without being changed.',
  ];
  for (const [title, table] of Object.entries(tables)) {
    parts.push('', `## ${title}`, '', '| code | what is wrong | what to do | again |', '|---|---|---|---|');
    for (const [code, rule] of Object.entries(table)) {
      parts.push(`| \`${code}\` | ${rule.text} | ${rule.remedy} | ${rule.retry ? 'yes' : 'no'} |`);
    }
  }
  return `${parts.join('\n')}\n`;
}

if (process.argv[1]?.endsWith('docs/refusals.ts') === true) process.stdout.write(refusalsPage());
