/*
 * How much of a text a log line holds: fields in; lines out, cut where they would be long.
 */
import { expect } from 'chai';
import { drivenClock } from '../../host/clock.ts';
import { createLog } from '../../host/log.ts';
import type { LogFields } from '../../host/ports.ts';

describe('a log line', () => {
  it('has at most 500 characters a field, and no field that is not in the vocabulary', () => {
    const lines: string[] = [];
    const log = createLog({ clock: drivenClock(0), format: 'json', write: (line) => lines.push(line) });
    const strange = { subscriber: 'a', circuit: 7, session: 'b', amount: '9', address: '192.0.2.7' };
    log.error('failed', { error: 'x'.repeat(2000), url: 'y'.repeat(2000), ...strange } as LogFields);
    const shown = JSON.parse(lines[0] as string) as Record<string, string>;
    expect(Object.keys(shown).sort()).deep.equal(['error', 'level', 'msg', 'time', 'url']);
    expect([shown['error']?.length, shown['url']?.length]).deep.equal([500, 500]);
  });
});
