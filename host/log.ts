/*
 * The log: an event and fields of a fixed vocabulary in, one line out, as text or JSON. What is not in the vocabulary is
 * dropped, so that no client's address and no circuit can get in by accident (design §10).
 */
import { pino, type Logger } from 'pino';
import type { Clock, Log, LogFields } from './ports.ts';

export interface LogOptions {
  readonly clock: Clock;
  readonly format?: 'text' | 'json';
  readonly level?: 'debug' | 'info' | 'warn' | 'error';
  /** Takes each line with its newline; standard error when left out. */
  readonly write?: (line: string) => void;
}

export function createLog(options: LogOptions): Log {
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const logger = pino(
    {
      base: null,
      level: options.level ?? 'info',
      timestamp: () => `,"time":${options.clock.now()}`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: options.format === 'json' ? write : (line: string) => write(asText(line)) },
  );
  return { info: lines(logger, 'info'), warn: lines(logger, 'warn'), error: lines(logger, 'error') };
}

/** For tests. */
export function silentLog(): Log {
  return { info: () => undefined, warn: () => undefined, error: () => undefined };
}

/** For the `error` field: what a thrown thing says, without its stack. */
export function errorText(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

const vocabulary: readonly (keyof LogFields)[] = [
  'role',
  'relay',
  'interval',
  'settlement',
  'job',
  'code',
  'count',
  'file',
  'url',
  'error',
];
const FIELD_CHARS_MAX = 500;

function lines(logger: Logger, level: 'info' | 'warn' | 'error') {
  return (event: string, fields: LogFields = {}): void => {
    const kept: Record<string, string | number> = {};
    for (const name of vocabulary) {
      const value = fields[name];
      if (value !== undefined) kept[name] = typeof value === 'string' ? value.slice(0, FIELD_CHARS_MAX) : value;
    }
    logger[level](kept, event);
  };
}

function asText(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, string | number>;
  const when = new Date(Number(time) * 1000).toISOString().replace('.000Z', 'Z');
  const rest = Object.entries(fields).map(([name, value]) => ` ${name}=${quoted(String(value))}`);
  return `${when} ${String(level).padEnd(5)} ${msg}${rest.join('')}\n`;
}

function quoted(value: string): string {
  return /^[\x21\x23-\x7e]+$/.test(value) ? value : JSON.stringify(value);
}
