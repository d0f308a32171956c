/*
 * The tor beside a directory, itself an authority of Tor or a cache of its documents: its control port and approved-routers in; what
 * the directory role asks of it out. Composition only. Called by node.
 */
import type { Place } from '../../host/dial.ts';
import type { Secrets } from '../control/authenticate.ts';
import type { ControlPorts, ControlState } from '../control/client.ts';
import { holdControl } from '../control/held.ts';
import { createMiddleOnly, type MiddleOnly, type RoutersFile } from './middle-only.ts';

export interface DirectoryTor {
  state(): ControlState;
  /** Null where it is no authority of ours to mark relays with. */
  readonly middleOnly: MiddleOnly | null;
  close(): Promise<void>;
}

export interface DirectoryTorOptions {
  readonly place: Place;
  readonly secrets: Secrets;
  readonly approvedRouters: RoutersFile | null;
}

export function openDirectoryTor(ports: ControlPorts, { place, secrets, approvedRouters }: DirectoryTorOptions): DirectoryTor {
  const control = holdControl(ports, place, secrets);
  return {
    state: control.state,
    middleOnly: approvedRouters === null ? null : createMiddleOnly(approvedRouters, control),
    close: control.close,
  };
}
