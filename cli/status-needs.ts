/*
 * What of a node's state asks for its operator: the readings of `ptg status` in; a sentence with its remedy for each, most pressing
 * first, out. Pure. Called by status.ts.
 */
import type { Status } from './status.ts';
import { byRail, grouped, spanText, unitOf } from './output.ts';

export interface Need {
  readonly code: string;
  readonly text: string;
}

type Seen = Omit<Status, 'needsYou'>;

export function needsOf(seen: Seen): Need[] {
  return [...needsOfNode(seen), ...needsOfRelay(seen), ...needsOfMoney(seen), ...needsOfGuard(seen), ...needsOfSubscriber(seen)];
}

function need(code: string, holds: boolean, text: () => string): Need[] {
  return holds ? [{ code, text: text() }] : [];
}

function needsOfNode({ node, consensus, now, directoryTor }: Seen): Need[] {
  const fault = directoryTor?.middleOnly?.fault ?? null;
  const down = node.roles.filter((role) => !node.running.includes(role) && role !== 'client');
  return [
    ...need('node-down', down.length > 0, () => `not running: ${down.join(', ')}. Start it: ptg run --home ${node.home}`),
    ...need(
      'consensus-none',
      consensus === null,
      () => 'no consensus is known: check network.json and that an authority answers',
    ),
    ...need(
      'consensus-old',
      consensus !== null && consensus.validUntil <= now,
      () =>
        `the consensus has not been valid for ${spanText(now - (consensus?.validUntil ?? 0))}: check the clock and the authorities`,
    ),
    ...need(
      'directory-tor-away',
      directoryTor !== null && !directoryTor.up,
      () => `the tor beside the directory cannot be heard (${directoryTor?.reason ?? 'not reached yet'}): check that it runs`,
    ),
    ...need(
      'middle-only-not-put',
      fault !== null,
      () =>
        `Tor does not know who is to lose its Guard flag (${fault?.code ?? ''}, ${fault?.about ?? ''}): ${fault?.remedy ?? ''}`,
    ),
  ];
}

const DAY = 86_400;

function needsOfRelay({ relay, links, now, node }: Seen): Need[] {
  if (relay === null || !node.running.includes('relay')) return [];
  const { descriptor } = relay;
  const refused = descriptor.authorities.filter((one) => one.refused !== null);
  const names = (list: Seen['links']): string => (list ?? []).map((one) => one.nickname ?? one.peer).join(', ');
  const silent = links?.filter((one) => one.unreachableSince !== null) ?? [];
  const lending = links?.filter((one) => one.borrowed.warning) ?? [];
  const beyond = links?.filter((one) => one.cells?.isBeyond === true) ?? [];
  const liars = links?.filter((one) => one.conflicts > 0) ?? [];
  return [
    ...need(
      'tor-away',
      relay.tor !== null && !relay.tor.up,
      () => `tor cannot be heard (${relay.tor?.reason ?? 'not reached yet'}): check that it runs, and [tor] in ptg.toml`,
    ),
    ...need(
      'tor-without-cell-stats',
      relay.meter === 'circuits' && relay.tor?.hears === 'links',
      () =>
        'this tor does not tell of cells: say meter = "links" in ptg.toml, or set TestingEnableCellStatsEvent 1 in a testing network',
    ),
    ...need('descriptor-none', descriptor.published === null && !descriptor.offline, () => 'the descriptor is not published yet'),
    ...need(
      'descriptor-refused',
      refused.length > 0,
      () =>
        `an authority did not take the descriptor: ${refused.map((one) => `${one.authority} (${one.refused ?? ''})`).join(', ')}`,
    ),
    ...need(
      'descriptor-expires',
      descriptor.offline && descriptor.expires !== null && descriptor.expires - now < DAY,
      () => 'the descriptor expires within a day, and the identity key is not here: sign and publish a new one',
    ),
    ...need(
      'neighbour-silent',
      silent.length > 0,
      () => `does not answer: ${names(silent)}. IOUs to it are repeated; see ptg links`,
    ),
    ...need(
      'credit-limit',
      lending.length > 0,
      () => `near your credit limit at: ${names(lending)}. Further circuits go unpaid; see ptg links`,
    ),
    ...need(
      'iou-conflict',
      liars.length > 0,
      () => `signed IOUs that contradict each other: ${names(liars)}. They are kept as evidence`,
    ),
    ...need(
      'certified-beyond-cells',
      beyond.length > 0,
      () =>
        `certified more than went over the link: ${names(beyond)}. Somebody pays for traffic that was not; see ptg links --json`,
    ),
  ];
}

function sinceText(since: number | undefined, now: number): string {
  return since === undefined ? '' : `, for ${spanText(now - since)}`;
}

/** States of a case that stand against the accused. */
const counted: readonly string[] = ['open', 'answered', 'upheld'];

function needsOfMoney({ settlement, next, wallets, now }: Seen): Need[] {
  if (settlement === null) return [];
  const short = Object.fromEntries(
    Object.entries(next?.due ?? {})
      .filter(([, due]) => due.short > 0n)
      .map(([rail, due]) => [rail, due.short]),
  );
  const [waiting, unasked] = [settlement.needsApproval.length, settlement.needsAnswer];
  const asked = settlement.contests.filter((one) => one.state === 'asked');
  const against = settlement.contests.filter((one) => one.part === 'accused' && counted.includes(one.state));
  const [unpaid, lapsed] = [settlement.states['unpaid'] ?? 0, settlement.states['lapsed'] ?? 0];
  return [
    ...need('approve', waiting > 0, () => `${waiting} payouts wait for you: ptg payouts, then ptg payouts approve`),
    ...need(
      'answer',
      unasked.length > 0,
      () =>
        `${unasked.length} payouts wait for counterparts that have not answered since the restore, and may have been paid after the backup: ` +
        `look in your wallet; if it was not paid, ptg payouts approve ${unasked.length === 1 ? unasked[0] : 'ID'}`,
    ),
    ...need(
      'sign',
      settlement.waiting.signature > 0,
      () =>
        `${settlement.waiting.signature} payments wait for your signature: ptg payouts unsigned, then ptg payouts signed FILE`,
    ),
    ...need(
      'awaiting-funds',
      Object.keys(settlement.awaitingFunds).length > 0,
      () => `the wallet lacks funds for ${byRail(settlement.awaitingFunds)} that is due: ptg wallet address`,
    ),
    ...need(
      'funds-short',
      Object.keys(short).length > 0,
      () =>
        `for interval ${next?.interval ?? 0} the wallet is short by ${byRail(short)}, unless income arrives first: ptg wallet address`,
    ),
    ...asked.flatMap(({ case: id, nickname, peer, amount, rail, interval, until }) =>
      need(
        'contest-asked',
        true,
        () =>
          `${nickname ?? peer} has not paid ${grouped(amount)} ${rail ?? ''} of interval ${interval}; you may contest it for ` +
          `${spanText((until ?? now) - now)} more: ptg contest file ${id}`,
      ),
    ),
    ...against.flatMap(({ case: id, nickname, peer, amount, rail, interval, state }) =>
      need(
        'contested',
        true,
        () =>
          `${nickname ?? peer} contests ${grouped(amount)} ${rail ?? ''} of interval ${interval} (${state}): pay it with ` +
          `ptg payouts approve, or answer with ptg appeal ${id}`,
      ),
    ),
    ...need('unpaid', unpaid > 0, () => `${unpaid} debts to you were not paid in time: ptg statements shows what was signed`),
    ...need(
      'lapsed',
      lapsed > 0,
      () => `${lapsed} debts were not settled in time: ptg payouts; ptg payouts approve ID pays one late`,
    ),
    ...need('wallet-unknown', wallets === null, () => 'the wallet’s balance is not known: the rail does not answer'),
    ...(wallets ?? []).flatMap(({ rail, away }) =>
      need(
        'rail-away',
        away !== null,
        () => `${rail}${sinceText(settlement.downSince[rail], now)}: ${away?.text ?? ''}; ${away?.remedy ?? ''}`,
      ),
    ),
    ...settlement.undone.map(undoneNeed),
  ];
}

function undoneNeed({ kind, rail, amount, payment, interval, peer, nickname }: Undone): Need {
  const sum = `${grouped(amount)} ${unitOf(rail)}`;
  const whom = peer === null ? '' : ` ${kind === 'income' ? 'from' : 'to'} ${nickname ?? peer} of interval ${interval ?? 0}`;
  const words =
    kind === 'income'
      ? `${sum}${whom} were taken back by a reorganisation of the chain and do not count until they are in a block again`
      : `the payment of ${sum}${whom} was undone by a reorganisation of the chain; the same transaction was sent again`;
  return { code: `${kind}-undone`, text: `${words}: ${payment ?? ''}` };
}

type Undone = NonNullable<Seen['settlement']>['undone'][number];

function needsOfGuard({ guard, now }: Seen): Need[] {
  return (guard?.unread ?? []).flatMap(({ rail, since, text, remedy }) =>
    need('deposits-unread', true, () => `deposits in ${rail} are not read${sinceText(since, now)}: ${text}; ${remedy}`),
  );
}

function needsOfSubscriber({ accounts, node }: Seen): Need[] {
  if (!node.roles.includes('client')) return [];
  if (accounts === null)
    return need('no-account', true, () => 'no account is known at any guard: ptg guards, then ptg subscribe GUARD');
  return accounts.flatMap(({ nickname, account, fresh, reason, refused }) => [
    ...need('guard-silent', !fresh, () => `${nickname} does not answer (${reason ?? ''}): its balance is the last known`),
    ...need(
      'overcharged',
      refused !== null,
      () => `${nickname} charges more than your client counted (${refused?.code ?? ''}); it has not signed that: ptg balance`,
    ),
    ...need('cut-off', account.state === 'cut-off', () => `${nickname} has cut you off: ptg deposit AMOUNT`),
    ...need(
      'balance-low',
      account.state === 'low',
      () => `the balance at ${nickname} is low, ${grouped(account.balance)}: ptg deposit AMOUNT`,
    ),
  ]);
}
