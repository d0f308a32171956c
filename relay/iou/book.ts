/*
 * The closed book of an interval, page by page in order of peer, for settlement. Immutable: nothing is taken or signed any more
 * once the books are closed. Called by http.ts for local calls alone.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { localRefusals, type BookLine, type BookPage, type BookQuery } from '../../core/local/messages.ts';
import { PAGE_ROWS_MAX } from '../../core/limits.ts';
import type { Clock, Database, Log, NetworkView } from '../../host/ports.ts';
import { periodOf } from '../period.ts';
import { alarmIn, readBook, type IouRow } from './store.ts';

const refuse = refuser(localRefusals);

interface BookPorts {
  readonly clock: Clock;
  readonly database: Database;
  readonly network: NetworkView;
  readonly log: Log;
}

export async function readBookPage({ clock, database, network, log }: BookPorts, query: BookQuery): Promise<Result<BookPage>> {
  const period = periodOf(network, query.interval);
  if (period === null) return refuse('book-unknown', `interval ${query.interval}`);
  if (clock.now() < period.schedule.booksClose) return refuse('book-open', `until ${period.schedule.booksClose}`);
  // One more than fits tells whether there is a next page.
  const rows = await database.transaction((tx) =>
    readBook(tx, query.interval, query.after ?? '', PAGE_ROWS_MAX + 1, alarmIn(log)),
  );
  const lines = linesOf(rows);
  const page = lines.slice(0, PAGE_ROWS_MAX);
  return ok({ closed: true, lines: page, next: lines.length > page.length ? (page.at(-1)?.peer ?? null) : null });
}

function linesOf(rows: readonly IouRow[]): BookLine[] {
  const lines = new Map<string, BookLine>();
  for (const { peer, direction, signed } of rows) {
    const line = lines.get(peer) ?? { peer, held: null, issued: null };
    lines.set(peer, { ...line, [direction]: { body: signed.body, signature: signed.signature } });
  }
  return [...lines.values()];
}
