/*
 * What an authority is told: its network, its name there, the seed of its key, and the parameters that it puts into the terms.
 * Read by main.ts; filled in by node. `directorySection` is the part that stands in ptg.toml.
 */
import { z } from 'zod';
import { nickname } from '../core/wire/field.ts';
import type { Network } from '../core/wire/network.ts';
import { parameters, type Parameters } from '../core/wire/parameters.ts';

export const directorySection = z.strictObject({ name: nickname, parameters });

export interface DirectoryConfig {
  readonly network: Network;
  /** As network.json names this authority. */
  readonly name: string;
  /** 32 bytes, from a key file; its public half stands in network.json. */
  readonly authoritySeed: Uint8Array;
  readonly parameters: Parameters;
}
