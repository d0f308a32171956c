/*
 * What a session may still carry: asked of the guard in portions, so that nothing passes that was not allowed before. Asks again
 * before a portion is used up. One a session; called by splice.ts.
 */
import { invariant } from '../../core/refusal.ts';

export interface Gate {
  /** How many of these bytes may pass now: at least one, or 0 once the session has ended. Waits as long as nothing may. */
  take(wanted: number): Promise<number>;
  /** A circuit has begun: the next ask is for its starting amount too (rule 4). */
  begins(): void;
  /** Something has changed: what was refused is asked for again at once. */
  again(): void;
  /** Asks no more: what was allowed before may pass. Resolves when more than that wants to. */
  finish(): Promise<void>;
  end(): void;
}

export interface GateOptions {
  ask(wanted: bigint, begun: boolean): Promise<bigint>;
  /** What is asked for at once. */
  readonly portion: number;
  /** After an ask was answered with nothing, until the next. */
  wait(): Promise<void>;
}

export function createGate({ ask, portion, wait }: GateOptions): Gate {
  let credit = 0;
  let begun = false;
  let isFinishing = false;
  let isEnded = false;
  let asking: Promise<void> | null = null;
  let again: () => void = () => undefined;
  let wake: () => void = () => undefined;
  const ended = new Promise<void>((resolve) => (wake = resolve));
  const end = (): void => {
    isEnded = true;
    wake();
  };

  async function refill(): Promise<void> {
    const isBegun = begun;
    begun = true;
    const granted = Number(await ask(BigInt(portion), isBegun).catch(() => 0n));
    invariant(granted >= 0 && granted <= portion, 'a guard allows no more than was asked for');
    credit += granted;
    if (granted > 0 || isEnded || isFinishing) return;
    await Promise.race([wait(), ended, new Promise<void>((resolve) => (again = resolve))]);
  }

  function refillOnce(): Promise<void> {
    asking ??= refill().finally(() => (asking = null));
    return asking;
  }

  return {
    async take(wanted) {
      while (credit === 0 && !isEnded) {
        if (isFinishing) end();
        else await Promise.race([refillOnce(), ended]);
      }
      if (isEnded) return 0;
      const taken = Math.min(wanted, credit);
      credit -= taken;
      if (2 * credit < portion && !isFinishing) void refillOnce();
      return taken;
    },
    begins: () => void (begun = false),
    again: () => again(),
    finish() {
      isFinishing = true;
      return ended;
    },
    end,
  };
}

/** Where nothing is paid, and at the client's end. */
export const openGate: Pick<Gate, 'take'> = { take: async (wanted) => wanted };
