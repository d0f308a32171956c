/*
 * A changed specification in its operator's own words: the text of ptg.toml and what it should say in; the text with those lines
 * changed out, its comments kept. Where that does not come out right it is written anew. Called by restore.ts.
 */
import { isDeepStrictEqual } from 'node:util';
import { stringify } from 'smol-toml';
import { parseConfig } from '../../host/config.ts';
import { nodeSpec, type NodeSpec } from '../spec.ts';
import { specText } from '../write.ts';

/** A key in a table; `''` for those before the first table. */
export interface Setting {
  readonly table: string;
  readonly key: string;
  readonly value: string | boolean;
}

export function changedSettings(text: string, wanted: NodeSpec, settings: readonly Setting[]): string {
  const edited = settings.reduce(setLine, text);
  const read = parseConfig(edited, nodeSpec, 'ptg.toml');
  return read.ok && isDeepStrictEqual(read.value, wanted) ? edited : specText(wanted);
}

function setLine(text: string, { table, key, value }: Setting): string {
  const line = stringify({ [key]: value }).trimEnd();
  const lines = text.split('\n');
  const heads = lines.flatMap((one, at) => (/^\s*\[/.test(one) ? [at] : []));
  const begin = table === '' ? -1 : lines.findIndex((one) => one.trim() === `[${table}]`);
  if (table !== '' && begin < 0) return `${text.trimEnd()}\n\n[${table}]\n${line}\n`;
  const end = heads.find((at) => at > begin) ?? lines.length;
  const is = lines.findIndex((one, at) => at > begin && at < end && new RegExp(`^\\s*${key}\\s*=`).test(one));
  if (is >= 0) lines[is] = line;
  else lines.splice(begin + 1, 0, line);
  return lines.join('\n');
}
