/*
 * The file `approved-routers` of a Tor authority: its text and the fingerprints that are to be MiddleOnly in; the text with a line for
 * each of them, and every other line as it was, out. Pure. Called by middle-only.ts and by `ptg doctor`.
 */

/** By it our lines are known again, after a crash and beside the operator's own. Tor reads a line up to the #. */
const MARK = '# Paying the Guard';
const ours = new RegExp(`^!middleonly ([0-9A-F]{40}) ${MARK}\r?$`);

/** Upper-case hex, in the order of the file. */
export function middleOnlyIn(text: string): string[] {
  return text.split('\n').flatMap((line) => ours.exec(line)?.[1] ?? []);
}

/** The same text where it is so already. Lines that go on stay where they are; new ones come last, in order. */
export function withMiddleOnly(text: string, wanted: ReadonlySet<string>): string {
  const seen = new Set<string>();
  const kept = text.split('\n').filter((line) => {
    const fingerprint = ours.exec(line)?.[1];
    if (fingerprint === undefined) return true;
    const isKept = wanted.has(fingerprint) && !seen.has(fingerprint);
    seen.add(fingerprint);
    return isKept;
  });
  const rest = kept.join('\n');
  const added = [...wanted].filter((one) => !seen.has(one)).sort();
  if (added.length === 0) return rest;
  const end = rest === '' || rest.endsWith('\n') ? '' : '\n';
  return `${rest}${end}${added.map((one) => `!middleonly ${one} ${MARK}\n`).join('')}`;
}
