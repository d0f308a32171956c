/*
 * What the Tor testbed gives, and what its stages share. Types, and small steps that they have in common. Read by the files beside it and by
 * cli/testbed-tor.ts.
 */
import type { TestbedMoney } from './tor-money.ts';
import type { Network } from '../../core/wire/network.ts';
import type { Parameters } from '../../core/wire/parameters.ts';
import type { Clock } from '../../host/ports.ts';
import type { Contested, IouLine, PaymentLine } from '../report.ts';
import type { World } from '../world.ts';
import type { HttpBytes } from './http-bytes.ts';
import type { Stages, TestbedOutcome } from './stages.ts';
import type { Auditor, CellsLine, LinkLine } from './tor-cells.ts';
import type { TorClient, TorNetwork } from './tor/network.ts';

/** A subscriber's session, as both sides have it: its bill, and what its guard certified onward. */
export interface Billed {
  readonly subscriber: string;
  readonly guard: string;
  /** Carried by the transport, both ways, as its own end counted. */
  readonly carried: bigint;
  readonly circuitBytes: bigint;
  readonly otherBytes: bigint;
  readonly charge: bigint;
  /** Of the subscriber's own signature. */
  readonly signed: bigint;
  /** Certified by this guard for its own subscribers. */
  readonly iouBytes: bigint;
}

export interface Flags {
  /** Of the relay that does not pay: in our consensus, and in Tor's. */
  readonly at: 'before' | 'denied' | 'cleared';
  readonly guards: readonly string[];
  readonly tor: readonly string[];
}

export interface TorOutcome extends TestbedOutcome {
  readonly network: Network;
  readonly downloads: readonly { readonly user: string; readonly bytes: number; readonly seconds: number }[];
  readonly bills: readonly Billed[];
  /** Of the circuits that are paid. */
  readonly cells: readonly (CellsLine & { readonly iouBytes: bigint; readonly value: bigint })[];
  /** All cells, whoever they are of. */
  readonly links: readonly LinkLine[];
  readonly payments: readonly PaymentLine[];
  readonly contests: readonly Contested[];
  readonly flags: readonly Flags[];
  /** What the nodes said to each other to pay, and what they were paid for carrying, in bytes. */
  readonly overhead: { readonly messages: bigint; readonly traffic: bigint };
}

/** Everything that a stage uses. */
export interface Running {
  readonly stages: Stages;
  readonly tor: TorNetwork;
  readonly world: World;
  readonly auditor: Auditor;
  readonly http: HttpBytes;
  readonly parameters: Parameters;
  readonly clock: Clock;
  readonly users: ReadonlyMap<string, TorClient>;
  readonly money: TestbedMoney;
  readonly home: string;
  /** What ends with the testbed, the newest first. */
  readonly closing: (() => Promise<unknown>)[];
}

/** The machine's clock is waited for. */
export async function reached({ stages, clock }: Running, time: number): Promise<void> {
  await stages.awaited('the clock', time - clock.now() + 5, async () => (clock.now() >= time ? true : null));
}

/** Each byte of a circuit that leaves Tor is certified once as an exit's, on every link before it. */
export function bytesOf(iou: IouLine): bigint {
  return iou.exitBytes;
}

export function distance(a: bigint, b: bigint): bigint {
  return a > b ? a - b : b - a;
}
