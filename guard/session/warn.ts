/*
 * Words to a subscriber whose session goes on, each once a connection: little is left, the guard has lost its flag, the session ends
 * soon; and why one ends. What the guard knows at an ask in; a frame of the transport out. Called by session/flow.ts.
 */
import type { GuardTransport, SessionWarning } from '../../tor/meter.ts';

type Code = SessionWarning['code'];

const texts: Readonly<Record<Code, string>> = {
  'low-balance': 'little is left of the balance: top up with ptg deposit',
  'guard-flag': 'the guard has lost its Guard flag: use another one, and withdraw what is left here',
  closing: 'tallies are not signed, and nothing passes until they are: within a minute the session ends',
};

/** Why a session ends; the code at the end is for the client's program. */
export const endings = {
  usedUp: 'the balance is used up: top up with ptg deposit [session-used-up]',
  unsigned: 'the tallies of this session are not signed: see ptg balance, and whether the client role runs [session-unsigned]',
  unknown: 'the guard does not know this session: open it again [session-unknown]',
} as const;

export interface Warnings {
  tell(connection: string, code: Code): void;
  /** It holds no more: should it come again, it is told again. */
  clear(connection: string, code: Code): void;
  forget(connection: string): void;
}

export function createWarnings(transport: Pick<GuardTransport, 'warn'>): Warnings {
  const told = new Map<string, Set<Code>>();
  return {
    tell(connection, code) {
      const known = told.get(connection) ?? new Set();
      told.set(connection, known);
      if (known.has(code)) return;
      known.add(code);
      transport.warn?.(connection, { code, text: texts[code] });
    },
    clear: (connection, code) => void told.get(connection)?.delete(code),
    forget: (connection) => void told.delete(connection),
  };
}
