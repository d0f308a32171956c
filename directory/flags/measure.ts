/*
 * The numbers that flags go by: each relay's own, and the thresholds that the active relays set for all, as Tor's directory
 * specification §3.4.2 says. State and a time in. Pure; called by flags/decide.ts.
 */
import type { Parameters } from '../../core/wire/parameters.ts';
import { isCurrent, type DirectoryState, type KnownRelay } from '../state/decide.ts';
import { mtbfSec, uptimeMillionths } from '../state/uptime.ts';

type FlagParameters = Parameters['flags'];

export interface Measured {
  readonly relay: KnownRelay;
  /** Tor's consensus has it running, and its Tor descriptor names it; beside no tor that of every relay. */
  readonly inTor: boolean;
  /** Reached lately, and in Tor: what the specification calls active. */
  readonly running: boolean;
  readonly bandwidth: number;
  readonly knownSec: number;
  readonly mtbfSec: number;
  readonly uptimeMillionths: number;
}

/** Reaching one is enough. */
export interface Thresholds {
  readonly fastBandwidth: number;
  readonly stableMtbfSec: number;
  /** Known for so long, a relay is familiar. */
  readonly familiarSec: number;
  readonly guardUptimeMillionths: number;
  readonly guardBandwidth: number;
}

/** Those whose descriptors are valid. */
export function measureAll(state: DirectoryState, parameters: FlagParameters, now: number): Measured[] {
  return [...state.relays.values()]
    .filter((relay) => isCurrent(relay, now))
    .map((relay) => {
      const { reachedAt } = relay.uptime;
      const inTor = state.tor === null || runsInTor(relay);
      return {
        relay,
        inTor,
        running: inTor && reachedAt !== null && now - reachedAt <= parameters.runningSec,
        bandwidth: state.tor === null ? relay.descriptor.body.bandwidth : (relay.tor?.bandwidth ?? 0),
        knownSec: Math.max(0, now - relay.firstSeen),
        mtbfSec: mtbfSec(relay.uptime),
        uptimeMillionths: uptimeMillionths(relay.uptime),
      };
    });
}

function runsInTor({ tor }: KnownRelay): boolean {
  return tor !== null && tor.names && tor.flags.includes('Running');
}

/** Bytes a second: slower relays set no threshold (dir-spec, assigning flags), or a crowd of them would lower each at will. */
const COUNTED_BANDWIDTH_MIN = 4_000;

/** Of the value that its place among the active relays asks for and the one that always suffices, the lower. */
export function thresholdsOf(all: readonly Measured[], parameters: FlagParameters): Thresholds {
  const active = all.filter((one) => one.running && one.bandwidth >= COUNTED_BANDWIDTH_MIN);
  const bandwidths = active.map((one) => one.bandwidth);
  // Familiar: an eighth of the active relays came later, so that a young network has familiar ones too.
  const familiarSec = lower(
    atPart(
      active.map((one) => one.knownSec),
      1,
      8,
    ),
    parameters.guardKnownSec,
  );
  const familiar = active.filter((one) => one.knownSec >= familiarSec);
  return {
    fastBandwidth: lower(atPart(bandwidths, 1, 8), parameters.fastBandwidth),
    stableMtbfSec: lower(median(active.map((one) => one.mtbfSec)), parameters.stableMtbfSec),
    familiarSec,
    guardUptimeMillionths: lower(median(familiar.map((one) => one.uptimeMillionths)), parameters.guardUptimeThousandths * 1000),
    guardBandwidth: lower(atPart(bandwidths, 3, 4), parameters.guardBandwidth),
  };
}

/** The value below which that part of all values lies, rounded down; null of none. */
function atPart(values: readonly number[], part: number, of: number): number | null {
  return sorted(values)[Math.floor((values.length * part) / of)] ?? null;
}

/** Of an even count the lower of the middle two, as in tor. */
function median(values: readonly number[]): number | null {
  return sorted(values)[Math.floor((values.length - 1) / 2)] ?? null;
}

function sorted(values: readonly number[]): number[] {
  return [...values].sort((a, b) => a - b);
}

function lower(relative: number | null, absolute: number): number {
  return relative === null ? absolute : Math.min(relative, absolute);
}
