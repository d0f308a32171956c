/*
 * `ptg status` as one screen: a status in; a line for each thing, and at the end what needs its reader, out. Pure. Called by node.ts.
 */
import { whyNotGuard } from './network.ts';
import { byRail, bytesText, fields, grouped, spanText, timeText, unitOf } from './output.ts';
import type { Billed, Status } from './status.ts';

export function statusText(status: Status): string {
  const { node, needsYou } = status;
  const name = node.nickname ?? (node.roles.includes('client') ? 'subscriber' : 'authority');
  const needs = needsYou.length === 0 ? ['nothing'] : needsYou.map((one) => one.text);
  return [
    fields([
      [name, node.home],
      ['network', node.network],
      ['roles', rolesText(status)],
      ['consensus', consensusText(status)],
      ...listedLines(status),
      ...directoryTorLines(status),
      ...relayLines(status),
      ...clockLines(status),
      ...moneyLines(status),
      ...accountLines(status),
    ]),
    '\nNeeds you:\n',
    ...needs.map((text) => `  ${text}\n`),
  ].join('');
}

type Line = readonly [string, string];

function rolesText({ node: { roles, running } }: Status): string {
  if (running.length === 0) return `${roles.join(', ')}: not running`;
  return roles.map((role) => (running.includes(role) ? role : `${role} (not running)`)).join(', ');
}

function consensusText({ consensus, now }: Status): string {
  if (consensus === null) return 'none known';
  const { ageSec, validUntil } = consensus;
  const rest = validUntil > now ? `valid for ${spanText(validUntil - now)} more` : 'no longer valid';
  return `${spanText(ageSec)} old, ${rest}`;
}

function listedLines({ listed }: Status): Line[] {
  return listed === null ? [] : [['relays', `${listed.relays} listed, ${listed.running} running, ${listed.guards} guards`]];
}

function directoryTorLines({ directoryTor: tor }: Status): Line[] {
  if (tor === null) return [];
  const { middleOnly, seen } = tor;
  const counts = seen === null ? 'Tor’s consensus not read yet' : `${seen.relays} relays, ${seen.exits} exits in Tor`;
  const marked = middleOnly === null ? 'marks nobody' : `${middleOnly.listed.length} marked MiddleOnly in ${middleOnly.file}`;
  const said = `${counts}; ${marked}`;
  return [['tor', tor.up ? said : `${said}; no tor: ${tor.reason ?? 'not reached yet'}`]];
}

function relayLines({ node, relay, directory, links, guard, billed }: Status): Line[] {
  if (relay === null) return [];
  const why = directory === null ? 'not known: no authority answers' : whyNotGuard(directory).join('\n');
  const near = links?.filter((one) => one.borrowed.warning).length ?? 0;
  const rest = [
    ...(relay.unreachable > 0 ? [`${relay.unreachable} without an answer`] : []),
    ...(relay.unbilled > 0 ? [`${relay.unbilled} not in the directory`] : []),
    ...(near > 0 ? [`${near} near the credit limit`] : []),
  ];
  return [
    ['flags', relay.flags.join(' ') || 'none'],
    ...(relay.flags.includes('Guard') ? [] : ([['Guard', why || 'with the next consensus']] as const)),
    // In memory: a node that does not run has none.
    ...(node.running.includes('relay') ? liveLines(relay, rest) : []),
    ...(guard === null ? [] : ([['subscribers', subscribersText(guard)]] as const)),
    ...(billed.length === 0 ? [] : ([['billed', billed.map(billedText).join('\n')]] as const)),
  ];
}

function liveLines({ meter, tor, peers }: NonNullable<Status['relay']>, rest: readonly string[]): Line[] {
  return [['meter', meterText(meter, tor)], ...strangerLines(tor), ['neighbours', [String(peers), ...rest].join(', ')]];
}

function meterText(meter: string, tor: NonNullable<Status['relay']>['tor']): string {
  if (tor === null) return meter === 'links' ? 'links: sees no traffic by itself' : meter;
  const isWatching = meter === 'circuits' && tor.hears === 'links';
  const kind =
    meter === 'links'
      ? 'links: watch mode, nothing is billed'
      : isWatching
        ? 'circuits, but this tor tells of links alone: nothing is billed'
        : meter;
  return tor.up ? kind : `${kind}; no tor: ${tor.reason ?? 'not reached yet'}`;
}

/** Neighbours that are in Tor and not in this network. */
function strangerLines(tor: NonNullable<Status['relay']>['tor']): Line[] {
  const { strangers = [] } = tor ?? {};
  const cells = strangers.reduce((sum, one) => sum + one.cells, 0n);
  return strangers.length === 0 ? [] : [['outside', `${strangers.length} neighbours, ${grouped(cells)} cells, not billed`]];
}

function subscribersText(guard: NonNullable<Status['guard']>): string {
  const balances = Object.fromEntries(guard.rails.map(({ rail, owed }) => [rail, owed]));
  return `${guard.subscribers}, ${guard.sessions} connected; their balances: ${byRail(balances)}`;
}

function billedText({ interval, circuitBytes, otherBytes, certifiedBytes, difference }: Billed): string {
  const apart =
    difference === 0n
      ? 'as much'
      : difference < 0n
        ? `${bytesText(-difference)} less: cells under way, or certified to nobody`
        : `${bytesText(difference)} more: starting amounts, or what the guard has not counted yet`;
  const tallies = `circuits ${bytesText(circuitBytes)}, the rest ${bytesText(otherBytes)}`;
  return `interval ${interval}: ${tallies}; IOUs onward ${bytesText(certifiedBytes)}, ${apart}`;
}

function clockLines({ relay, next, now }: Status): Line[] {
  const running: Line[] =
    relay === null || relay.interval === null || relay.cutOff === null || relay.cutOff <= now
      ? []
      : [['interval', `${relay.interval}, cut-off in ${spanText(relay.cutOff - now)}`]];
  if (next === null) return running;
  return [...running, ['next BST', `in ${spanText(next.bst - now)}, of interval ${next.interval} (${timeText(next.bst)})`]];
}

function moneyLines({ settlement, wallets, next }: Status): Line[] {
  if (settlement === null) return [];
  const { owed, owing, ordersOpen, waiting } = settlement;
  const orders: Line[] = ordersOpen === 0 ? [] : [['orders', `${ordersOpen} withdrawals and sends on their way`]];
  return [
    ['owed', `${byRail(owed)}, by closed intervals`],
    ['owing', `${byRail(owing)}, by closed intervals`],
    ...(wallets === null ? ([['wallet', 'not known: the rail does not answer']] as const) : walletLines(wallets, next)),
    ['payouts', settlement.payouts === 'auto' ? 'auto: paid at the BST' : 'manual: each waits for ptg payouts approve'],
    ...orders,
    ...(waiting.confirmations === 0
      ? []
      : ([['on the way', `${waiting.confirmations} payments wait for confirmations`]] as const)),
  ];
}

function walletLines(wallets: NonNullable<Status['wallets']>, next: Status['next']): Line[] {
  return wallets.map(({ rail, balance, away }): Line => {
    if (balance === null) return ['wallet', `${rail}: not known (${away?.text ?? ''}); its payments wait`];
    const due = next?.due?.[rail];
    const falls =
      next === null || next.due === null ? '' : `; falls due at the next BST: ${grouped((due?.pay ?? 0n) + (due?.fee ?? 0n))}`;
    const income = due === undefined || due.receive === 0n ? '' : `, comes in: ${grouped(due.receive)}`;
    return ['wallet', `${grouped(balance)} ${unitOf(rail)}${falls}${income}`];
  });
}

function accountLines({ accounts }: Status): Line[] {
  return (accounts ?? []).map(({ nickname, account }) => [
    `at ${nickname}`,
    `balance ${grouped(account.balance)} ${account.rail}, spent ${grouped(account.spent)} of ${grouped(account.deposited)}, ${account.state}`,
  ]);
}
