/*
 * A node's specification as the text of its ptg.toml, with a comment to each key. Called by `ptg init` and by lab.
 */
import { stringify } from 'smol-toml';
import type { NodeSpec } from './spec.ts';

const comments: Readonly<Record<string, string>> = {
  roles: 'Which roles this node runs: ledger, directory, relay, settlement, guard, client.',
  url: 'The address under which other nodes reach this one.',
  network: 'network.json: the authorities that this node trusts. From this file’s folder.',
  parameters: 'Of a directory: the parameters of the network that it founds.',
  log: 'text, json or silent.',
  listen: 'Where the public endpoints listen. Port 0 takes any that is free.',
  relay: 'What the relay says of itself. guard: it wants the flag. bandwidth: bytes a second. family: ids of your other relays.',
  tor: 'The tor beside the relay or the directory. control: its control port, host:port or unix:/path. meter: circuits (bills; needs a testing network) or links (watch mode: nothing is billed). approvedRouters: of a Tor authority beside a directory, the file in which relays that lose Guard are marked.',
  transport:
    'The paidguard transport of a guard. listen: where subscribers come in; address: where they reach it, if elsewhere. orPort: of the tor beside; or extOrPort with extOrCookieFile. unsignedBytesMax: what a subscriber may have used and not signed.',
  connect:
    'What ptg connect runs. transport: where your tor finds it; control: the control port of that tor; proxy: where programs find it.',
  settlement:
    'payouts: auto pays at the settlement time; manual waits for ptg payouts approve. contests: auto files against who has not paid; ask waits for ptg contest file. restored, restore: written by ptg restore.',
  guard: 'confirmations before a deposit counts; warning below so many thousandths of what was deposited.',
  bitcoin:
    'url and cookie of your own bitcoind. deposits: xpub or descriptor of the account into which subscribers pay; account: of the one in which settlement is paid. wallet: hot (signed here) or external (ptg payouts unsigned). birthday: seconds since 1970; lower it where the account was used before. confirmations before a deposit counts; gapLimit: addresses in a row given out and not paid to.',
  databases: 'PostgreSQL addresses of roles that do not use a file of their own: guard = "postgres://…".',
};

/** The keys in their order, without the tables of roles that the node does not run; scalars before tables, as TOML wants it. */
export function specText(spec: NodeSpec): string {
  const idle = (key: string): boolean => (key === 'settlement' || key === 'guard') && !spec.roles.includes(key);
  const entries = Object.entries(spec).filter(([key, value]) => value !== undefined && !idle(key));
  const isTable = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
  const ordered = [...entries.filter(([, value]) => !isTable(value)), ...entries.filter(([, value]) => isTable(value))];
  const parts = ordered.map(([key, value]) => {
    const comment = comments[key];
    return `${comment === undefined ? '' : `# ${comment}\n`}${stringify({ [key]: value }).trimEnd()}\n`;
  });
  return parts.join('\n');
}
