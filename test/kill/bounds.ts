/*
 * How far a killed run may end otherwise than an unkilled one: the state of the unkilled run in, the one that this run must have, and
 * what differs from it, in words, out. Called by point.ts.
 */
import type { State } from './state.ts';

/** What the journey `tick` carries, each in a tick of its own. */
export const steps: readonly bigint[] = [10_000n, 5_000n];

/**
 * Circuits live in memory alone (rule 14), and what a tick carries is at risk (rule 5): a step for each death. Of a middle that dies a
 * step may not be passed on, or both: at its tick it may have taken the second before it has signed for the first. Of an issuer it may be certified to nobody, or, where it was signed already, without its circuits, so
 * that the next hop is paid for it and cannot pass it on; the subscriber is charged no more than it used. What was certified is
 * paid, whatever it is: the rest of the state follows from the bytes of each link.
 */
export function atRisk(part: string, expected: State, found: State, deaths: number): State {
  const all = steps.reduce((sum, one) => sum + one, 0n);
  const [first, second, usage] = links.map((link) => bytesIn(found, link)) as [bigint, bigint, bigint];
  const possible = totalsLess(all, deaths);
  const isLess = (bytes: bigint): boolean => possible.includes(bytes);
  const isAllowed = {
    issuer: isLess(first) && isLess(second) && second <= first && isLess(usage),
    middle: first === all && (isLess(second) || (deaths > 0 && second === 0n)) && usage === all,
  }[part];
  if (isAllowed !== true) return expected;
  return expected.flatMap((line) => {
    const link = links.findIndex((one) => one.isOf(line));
    const bytes = [first, second, usage][link];
    if (bytes === 0n) return [];
    return bytes === undefined ? line : links[link]!.written(line, all, bytes);
  });
}

/** Without as many steps as there were deaths. */
function totalsLess(all: bigint, deaths: number): bigint[] {
  let totals = [all];
  for (let death = 0; death < deaths; death += 1)
    totals = [...totals, ...totals.flatMap((total) => steps.map((step) => total - step))];
  return totals.filter((total) => total >= 0n);
}

export function differences(expected: State, found: State): string[] {
  const [missing, added] = [without(expected, found), without(found, expected)];
  return [...missing.map((line) => `not there: ${line}`), ...added.map((line) => `there instead: ${line}`)];
}

/** Lines of `all` that `others` has not, each as often as it stands there. */
function without(all: readonly string[], others: readonly string[]): string[] {
  const left = [...others];
  return all.filter((line) => {
    const at = left.indexOf(line);
    if (at >= 0) left.splice(at, 1);
    return at < 0;
  });
}

interface Counted {
  isOf(line: string): boolean;
  /** The line in which its bytes stand. */
  readonly shown: RegExp;
  /** With these bytes, and what they are worth, instead of those. */
  written(line: string, before: bigint, after: bigint): string;
}

/** `halves`: of a unit, what a byte is worth. */
function counted(isOf: RegExp, shown: RegExp, halves: bigint): Counted {
  const worth = (bytes: bigint): bigint => (bytes * halves) / 2n;
  return {
    isOf: (line) => isOf.test(line),
    shown,
    written: (line, before, after) =>
      line.replaceAll(`=${before}`, `=${after}`).replaceAll(`=${worth(before)}`, `=${worth(after)}`),
  };
}

/** G to M: 2.5 a byte; M to X: 1.5; U to G: 3.5. */
const links: readonly Counted[] = [
  counted(
    /^(G (relay|settlement) .*peer=M|M (relay|settlement) .*peer=G|M settlement income|.*payer=G payee=M) /,
    /^M relay iou direction=held .*peer=G .*exit_bytes=(\d+)$/,
    5n,
  ),
  counted(
    /^(M (relay|settlement) .*peer=X|X (relay|settlement) .*peer=M|X settlement income|.*payer=M payee=X) /,
    /^X relay iou direction=held .*peer=M .*exit_bytes=(\d+)$/,
    3n,
  ),
  counted(/^G guard guard_usage /, /^G guard guard_usage .*circuit_bytes=(\d+) /, 7n),
];

function bytesIn(found: State, { shown }: Counted): bigint {
  return found.reduce((sum, line) => sum + BigInt(shown.exec(line)?.[1] ?? 0), 0n);
}
