/*
 * What is wrong with a database, for whoever runs it: what a driver threw, and where the database is, in; three lines, a code and the
 * remedy out, or null where it is not the database's fault but a statement's. Called by open.ts and copy.ts.
 */
import { refuser, type Refusal } from '../../core/refusal.ts';
import { refusalLines } from '../config.ts';
import { errorText } from '../log.ts';
import type { DatabasePlace } from './open.ts';

export const databaseRefusals = {
  'database-full': {
    retry: true,
    text: 'there is no room on the disk for what must be written',
    remedy: 'free some space: a node that runs goes on by itself, and nothing was written by halves',
  },
  'database-locked': {
    retry: true,
    text: 'another process has the database for itself',
    remedy: 'end that process (a second node, a backup, a database tool), and try again',
  },
  'database-damaged': {
    retry: false,
    text: 'the database is damaged',
    remedy: 'stop the node, look with ptg doctor, and restore the newest backup into an empty folder with ptg restore',
  },
  'database-foreign': {
    retry: false,
    text: 'the file is not the database of this role',
    remedy: 'put the right file back, or restore the newest backup with ptg restore; ptg doctor names what else is wrong',
  },
  'database-newer': {
    retry: false,
    text: 'the database was made by a newer version of this program',
    remedy: 'install that version again, or restore a backup that this one made',
  },
  'database-unusable': {
    retry: true,
    text: 'the disk did not read or write the database',
    remedy: 'look whether the disk is full, read-only or failing, and whose the file is; ptg doctor looks at all of it',
  },
  'database-away': {
    retry: true,
    text: 'the database server does not answer, or refuses',
    remedy: 'check that PostgreSQL runs, and the address in ptg.toml',
  },
} as const;
const refuse = refuser(databaseRefusals);
type Code = keyof typeof databaseRefusals;

/** Thrown: its message is the three lines. */
export class DatabaseFault extends Error {
  readonly refusal: Refusal;
  constructor(refusal: Refusal, cause?: unknown) {
    super(refusalLines(refusal), { cause });
    this.refusal = refusal;
  }
}

const codes: Readonly<Record<string, Code>> = {
  SQLITE_FULL: 'database-full',
  ENOSPC: 'database-full',
  EDQUOT: 'database-full',
  SQLITE_BUSY: 'database-locked',
  SQLITE_LOCKED: 'database-locked',
  SQLITE_CORRUPT: 'database-damaged',
  SQLITE_NOTADB: 'database-foreign',
  SQLITE_IOERR: 'database-unusable',
  SQLITE_READONLY: 'database-unusable',
  SQLITE_CANTOPEN: 'database-unusable',
  SQLITE_PERM: 'database-unusable',
  EACCES: 'database-unusable',
  EROFS: 'database-unusable',
  EIO: 'database-unusable',
  EISDIR: 'database-foreign',
  '53100': 'database-full',
  ECONNREFUSED: 'database-away',
  ECONNRESET: 'database-away',
  ENOTFOUND: 'database-away',
  ETIMEDOUT: 'database-away',
  '57P01': 'database-away',
  '57P03': 'database-away',
  '28P01': 'database-away',
  '3D000': 'database-away',
};

/** The fault in words, or what was thrown as it was. */
export function asDatabaseFault(thrown: unknown, place: DatabasePlace): unknown {
  if (thrown instanceof DatabaseFault) return thrown;
  const code = codeOf(thrown);
  if (code === null) return thrown;
  return databaseFault(code, `${placeName(place)}: ${firstLine(thrown)}`, thrown);
}

export function databaseFault(code: Code, about: string, cause?: unknown): DatabaseFault {
  return new DatabaseFault(refuse(code, about).refusal, cause);
}

/** For messages: never a URL's password. */
export function placeName(place: DatabasePlace): string {
  return 'file' in place ? place.file : place.url.replace(/\/\/[^@/]*@/, '//');
}

/** Of what was thrown, or of what it was thrown for. */
function codeOf(thrown: unknown): Code | null {
  for (let one = thrown, depth = 0; one instanceof Error && depth < 4; one = one.cause, depth += 1) {
    // knex gives a failed lock of its migrations as words alone.
    const code = (one as { code?: unknown }).code ?? /\bSQLITE_[A-Z]+/.exec(one.message)?.[0];
    const known = typeof code === 'string' && Object.hasOwn(codes, code) ? codes[code] : undefined;
    if (known !== undefined) return known;
    // Several addresses were tried.
    if (one instanceof AggregateError) {
      const inner = codeOf(one.errors[0]);
      if (inner !== null) return inner;
    }
  }
  return null;
}

/** Without the statement: it is not that which is wrong. */
function firstLine(thrown: unknown): string {
  const root = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  return (errorText(root) || String((root as { code?: unknown }).code ?? '')).split('\n')[0] ?? '';
}
