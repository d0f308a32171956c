/*
 * The page docs/refusals.md, made from the tables beside the objects: `node --import tsx docs/refusals.ts > docs/refusals.md`.
 * A test compares the file with this.
 */
import { refusalTables } from '../core/refusals.ts';

export function refusalsPage(): string {
  const parts = [
    '# Refusals',
    '',
    'Every code with which a part of the system says no, in the order in which each object is checked. Made by `docs/refusals.ts`',
    'from the tables beside the objects. *Again* tells whether the same request may succeed later without being changed.',
  ];
  for (const [title, table] of Object.entries(refusalTables)) {
    parts.push('', `## ${title}`, '', '| code | what is wrong | what to do | again |', '|---|---|---|---|');
    for (const [code, rule] of Object.entries(table)) {
      parts.push(`| \`${code}\` | ${rule.text} | ${rule.remedy} | ${rule.retry ? 'yes' : 'no'} |`);
    }
  }
  return `${parts.join('\n')}\n`;
}

if (process.argv[1]?.endsWith('docs/refusals.ts') === true) process.stdout.write(refusalsPage());
