/*
 * Takes the Guard flag away in Tor itself: fingerprints in; `approved-routers` of the Tor authority beside us rewritten, and that tor
 * told to read it, out. Tor then votes MiddleOnly for them, and not Guard, Exit, HSDir or V2Dir. Called by directory/flags.
 *
 * Safe to repeat at any point: what is written is found again by its mark, and who cannot know whether tor was told tells it once more.
 * The file is emptied of our lines and never deleted.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';
import type { HeldControl } from '../control/held.ts';
import { withMiddleOnly } from './approved-routers.ts';

/** The file as the machine gives it. Latin-1, so that what we do not understand comes back as it was. */
export interface RoutersFile {
  readonly name: string;
  /** Null where there is none; throws what the machine says where it cannot be read. */
  read(bytesMax: number): Promise<string | null>;
  /** Whole or not at all. */
  write(text: string): Promise<void>;
}

export const middleOnlyRefusals = {
  'approved-routers-unreadable': {
    retry: true,
    text: 'approved-routers of the Tor authority cannot be read',
    remedy: 'run this node as the user of tor, and check approvedRouters in ptg.toml',
  },
  'approved-routers-unwritable': {
    retry: true,
    text: 'approved-routers of the Tor authority cannot be written',
    remedy: 'run this node as the user of tor: the file stands in tor’s DataDirectory, and is written beside and renamed',
  },
  'approved-routers-unread': {
    retry: true,
    text: 'approved-routers is written, and the Tor authority could not be told to read it',
    remedy: 'see that tor runs and that its control port takes our cookie; it is tried again by itself',
  },
} as const;
const refuse = refuser(middleOnlyRefusals);

/** Of public Tor it has some thousand lines of sixty bytes. */
export const APPROVED_ROUTERS_BYTES_MAX = 4 * 1024 * 1024;

export interface MiddleOnly {
  readonly file: string;
  /** Upper-case hex. Answers once tor was told, or was told before. */
  put(fingerprints: readonly string[]): Promise<Result<void>>;
}

export function createMiddleOnly(file: RoutersFile, control: Pick<HeldControl, 'ask'>): MiddleOnly {
  /** Of which list tor knows, by our doing. Null after a start: the process before may have been killed before it told. */
  let told: string | null = null;

  async function put(fingerprints: readonly string[]): Promise<Result<void>> {
    const list = [...new Set(fingerprints)].sort();
    const before = await attempt(() => file.read(APPROVED_ROUTERS_BYTES_MAX));
    if (!before.ok) return refuse('approved-routers-unreadable', `${file.name}: ${before.why}`);
    // Where there is none an empty one is written, since tor keeps what it had when there is no file.
    const after = withMiddleOnly(before.value ?? '', new Set(list));
    if (after !== before.value) {
      told = null;
      const written = await attempt(() => file.write(after));
      if (!written.ok) return refuse('approved-routers-unwritable', `${file.name}: ${written.why}`);
    }
    if (told === list.join()) return ok(undefined);
    const reloaded = await control.ask('SIGNAL RELOAD');
    if (!reloaded.ok) return refuse('approved-routers-unread', `${reloaded.refusal.code}: ${reloaded.refusal.about}`);
    told = list.join();
    return ok(undefined);
  }

  return { file: file.name, put };
}

/** One that cannot be told keeps none of the others waiting; the first of them is what is said. */
export function middleOnlyAtAll(all: readonly MiddleOnly[]): MiddleOnly {
  return {
    file: all.map((one) => one.file).join(', '),
    async put(fingerprints) {
      const put = await Promise.all(all.map((one) => one.put(fingerprints)));
      return put.find((one) => !one.ok) ?? ok(undefined);
    },
  };
}

type Attempt<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string };

async function attempt<T>(work: () => Promise<T>): Promise<Attempt<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (thrown) {
    return { ok: false, why: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}
