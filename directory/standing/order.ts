/*
 * The order of relays in the directory, best standing first. Two relays in, a sort order out. Pure; called by consensus. Nothing
 * settled is known yet: contests that count will come before time.
 */
import type { KnownRelay } from '../state/decide.ts';

/** Known longer is better; ids, which nobody chooses at will, part the rest. */
export function compareStanding(a: KnownRelay, b: KnownRelay): number {
  if (a.firstSeen !== b.firstSeen) return a.firstSeen - b.firstSeen;
  return a.descriptor.body.id < b.descriptor.body.id ? -1 : 1;
}
