/*
 * Writes carried.ts anew from make.ts: `npx tsx lab/network/write.ts`, after a change of make.ts.
 */
import { writeFileSync } from 'node:fs';
import { makeNetwork } from './make.ts';

const made = makeNetwork();
writeFileSync(
  new URL('carried.ts', import.meta.url),
  `/*
 * The small Tor network that the project carries: written by write.ts from make.ts, not by hand. Read by the lab when no
 * consensus file is given, and by tests.
 */

/** A microdesc consensus of sixty relays that never existed. */
export const carriedConsensus = \`${made.consensus}\`;

/** Its microdescriptors, with family lines. */
export const carriedMicrodescs = \`${made.microdescs}\`;
`,
);
