/*
 * Settlements: the two parties' rows of one pair and interval against each other, and what was agreed against the IOUs in it, by the
 * auditor's own arithmetic: amount + rest + forgiven = net of both IOUs + carry. Called by audit.ts.
 */
import type { AuditedRelay } from './payers.ts';
import { number, text, type TextRow } from './rows.ts';

const columns = [
  ...['id', 'interval', 'peer', 'state', 'side', 'amount', 'paid', 'received', 'carry_in', 'carry_out', 'forgiven'],
  ...['settlement', 'receipt', 'held_value', 'issued_value'],
];
/** Both have signed, and the course of it is over. */
const ends: ReadonlySet<string> = new Set(['carried', 'receipted', 'clear']);

export async function auditPairs(relays: readonly AuditedRelay[]): Promise<string[]> {
  const rows = new Map<string, { relay: AuditedRelay; row: TextRow }[]>();
  const faults: string[] = [];
  for (const relay of relays) {
    if (!relay.isTrusted || relay.settlement === null) continue;
    for (const row of await relay.settlement.table('pair', columns)) {
      faults.push(...auditSums(relay, row));
      rows.set(text(row, 'id'), [...(rows.get(text(row, 'id')) ?? []), { relay, row }]);
    }
  }
  for (const [id, sides] of rows) {
    if (sides.length > 2) faults.push(`settlement ${id} has ${sides.length} parties`);
    const [a, b] = sides;
    if (a !== undefined && b !== undefined) {
      const what = `settlement of ${a.relay.name} and ${b.relay.name} in interval ${text(a.row, 'interval')}`;
      faults.push(...auditBoth(a.row, b.row).map((fault) => `${what}: ${fault}`));
    }
  }
  return faults;
}

/** `gross + carry in = net + carry out`, each rounded down to the unit at most once. */
function auditSums(relay: AuditedRelay, row: TextRow): string[] {
  if (!ends.has(text(row, 'state')) || text(row, 'state') === 'clear' || row['side'] === null) return [];
  const sign = row['side'] === 'creditor' ? 1n : row['side'] === 'debtor' ? -1n : 0n;
  const net = sign * (number(row, 'amount') + number(row, 'forgiven')) + number(row, 'carry_out') - number(row, 'carry_in');
  const gross = number(row, 'held_value') - number(row, 'issued_value');
  const apart = gross > net ? gross - net : net - gross;
  const what = `${relay.name}: settlement with ${text(row, 'peer')} in interval ${text(row, 'interval')}`;
  return apart <= 1n ? [] : [`${what}: IOUs worth ${gross} are settled as ${net}`];
}

function auditBoth(a: TextRow, b: TextRow): string[] {
  const [stateA, stateB] = [text(a, 'state'), text(b, 'state')];
  const faults: string[] = [];
  const receipted = [stateA, stateB].filter((state) => state === 'receipted').length;
  if (receipted === 2) {
    const [debtor, creditor] = a['side'] === 'debtor' ? [a, b] : [b, a];
    if (debtor['side'] !== 'debtor' || creditor['side'] !== 'creditor') faults.push('both are receipted on one side');
    if (a['receipt'] !== b['receipt'] || a['receipt'] === null) faults.push('the receipts differ');
    if (number(debtor, 'paid') !== number(creditor, 'received')) {
      faults.push(`paid ${text(debtor, 'paid')}, received ${text(creditor, 'received')}`);
    }
    if (number(debtor, 'paid') < number(creditor, 'amount')) faults.push(`less than its amount was paid`);
  }
  if (receipted === 2 || (stateA === 'carried' && stateB === 'carried')) {
    if (number(a, 'amount') !== number(b, 'amount')) faults.push(`amounts ${text(a, 'amount')} and ${text(b, 'amount')}`);
    if (number(a, 'carry_out') !== -number(b, 'carry_out')) faults.push('each carries another rest');
  }
  if (ends.has(stateA) && ends.has(stateB) && stateA !== stateB) faults.push(`it ended as ${stateA} and as ${stateB}`);
  return faults;
}
