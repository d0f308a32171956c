/*
 * Processor time of other processes, as Linux counts it: their ids in, seconds of user and system together out; and who was started by
 * whom. Called by the bench of tor.
 */
import { readdirSync, readFileSync } from 'node:fs';

/** Linux tells it in hundredths. */
const TICKS = 100;

/** Of all of them together, since each began. */
export function coreSecOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ticksOf(pid), 0) / TICKS;
}

function ticksOf(pid: number): number {
  const fields = fieldsOf(pid);
  if (fields === null) throw new Error(`process ${pid} has ended`);
  // proc(5): 14 utime, 15 stime; what is here begins with 3, behind the name.
  return Number(fields[11]) + Number(fields[12]);
}

/** Those that a process has started and that have this name. */
export function childrenOf(parent: number, name: string): number[] {
  const pids = readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .map(Number);
  return pids.filter((pid) => Number(fieldsOf(pid)?.[1]) === parent && nameOf(pid) === name);
}

function fieldsOf(pid: number): string[] | null {
  const text = statOf(pid);
  return text === null ? null : text.slice(text.lastIndexOf(')') + 2).split(' ');
}

function nameOf(pid: number): string {
  return /\((.*)\)/s.exec(statOf(pid) ?? '')?.[1] ?? '';
}

function statOf(pid: number): string | null {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return null;
  }
}
