/*
 * What the relay role tells its operator, as a person reads it: the shapes of its reading calls in, tables out. Called by operator.ts
 * and status.ts.
 */
import { z } from 'zod';
import { hex32, interval as intervalField, units } from '../core/wire/field.ts';
import { bytesText, grouped, short, spanText, table } from './output.ts';

const totals = z.object({ relayBytes: units, exitBytes: units }).loose().nullable();

export const linksShape = z.object({
  interval: intervalField.nullable(),
  links: z.array(
    z
      .object({
        peer: hex32,
        nickname: z.string().nullable(),
        billed: z.boolean(),
        conflicts: z.int(),
        held: totals,
        issued: totals,
        borrowed: z.object({ usedBytes: units, leftBytes: units.nullable(), warning: z.boolean() }),
        unreachableSince: z.int().nullable(),
        /** What its meter counts of the link; null where none does. */
        cells: z.object({ certifiedBytes: units, boundBytes: units, isBeyond: z.boolean() }).loose().nullable().default(null),
      })
      .loose(),
  ),
});
export type Links = z.infer<typeof linksShape>;

export function linksText({ interval, links }: Links, now: number): string {
  const rows = links.map((one) => [
    one.nickname ?? short(one.peer),
    bytesText(one.held?.relayBytes ?? 0n),
    bytesText(one.held?.exitBytes ?? 0n),
    bytesText(one.issued?.relayBytes ?? 0n),
    bytesText(one.issued?.exitBytes ?? 0n),
    one.borrowed.leftBytes === null ? '–' : bytesText(one.borrowed.leftBytes),
    remarks(one, now).join('; '),
  ]);
  const heads = ['neighbour', 'held: relay', 'exit', 'issued: relay', 'exit', 'credit left', ''];
  return `${of(interval)}${table(heads, rows, 'No neighbour yet: paid circuits make them.')}`;
}

function remarks(one: Links['links'][number], now: number): string[] {
  return [
    ...(one.billed ? [] : ['not in the directory']),
    ...(one.borrowed.warning ? ['near its credit limit'] : []),
    ...(one.unreachableSince === null ? [] : [`no answer for ${spanText(now - one.unreachableSince)}`]),
    ...(one.conflicts === 0 ? [] : [`${one.conflicts} IOUs that contradict others`]),
    ...(one.cells?.isBeyond === true ? ['certifies more than went over the link'] : []),
  ];
}

export const iousShape = z.object({
  interval: intervalField.nullable(),
  ious: z.array(
    z
      .object({
        direction: z.string(),
        issuer: hex32,
        holder: hex32,
        nickname: z.string().nullable().default(null),
        serial: units,
        relayBytes: units,
        exitBytes: units,
        values: z.record(z.string(), units),
        /** A contest made it count for nothing. */
        void: z.boolean().default(false),
      })
      .loose(),
  ),
});

export function iousText({ interval, ious }: z.infer<typeof iousShape>): string {
  const rows = ious.map((one) => [
    one.direction,
    one.nickname ?? short(one.direction === 'held' ? one.issuer : one.holder),
    String(one.serial),
    bytesText(one.relayBytes),
    bytesText(one.exitBytes),
    Object.entries(one.values)
      .map(([rail, value]) => `${grouped(value)} ${rail}`)
      .join(', '),
    one.void ? 'contested: void' : '',
  ]);
  const heads = ['direction', 'neighbour', 'serial', 'relay bytes', 'exit bytes', 'value', ''];
  return `${of(interval)}${table(heads, rows, 'No IOUs, held or issued.')}`;
}

function of(interval: number | null): string {
  return interval === null ? 'No interval has begun.\n' : `Interval ${interval}\n`;
}
