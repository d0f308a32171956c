/*
 * Makes a fresh clone ready: installs and builds what is missing or older than its source. Everything it says goes to stderr, so
 * that machine output on stdout stays clean. Run before `npm start`, `npm test`, `npm run check` and by bin/ptg.mjs.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { include: rooms } = JSON.parse(readFileSync(join(root, 'tsconfig.json'), 'utf8'));

export function ready() {
  if (!installed()) {
    say('installing dependencies; the SQLite driver is compiled, which takes a minute or two');
    run('npm', ['ci', '--no-audit', '--no-fund']);
    writeFileSync(join(root, 'node_modules', '.ready'), lock());
  }
  linkCommand();
  if (newestSource() > builtAt()) {
    say('building');
    run(process.execPath, [join(root, 'node_modules', 'typescript', 'bin', 'tsc'), '-p', join(root, 'tsconfig.json')]);
    writeFileSync(join(root, 'dist', '.built'), '');
  }
}

/** So that `npx ptg` finds it here and asks no registry. */
function linkCommand() {
  const link = join(root, 'node_modules', '.bin', 'ptg');
  if (!existsSync(link)) symlinkSync('../../bin/ptg.mjs', link);
}

function installed() {
  const mark = join(root, 'node_modules', '.ready');
  if (existsSync(mark)) return readFileSync(mark, 'utf8') === lock();
  // Installed by hand with npm: take it as it is when npm's own record is no older than the lock file.
  const record = join(root, 'node_modules', '.package-lock.json');
  return existsSync(record) && statSync(record).mtimeMs >= statSync(join(root, 'package-lock.json')).mtimeMs;
}

function lock() {
  return readFileSync(join(root, 'package-lock.json'), 'utf8');
}

function builtAt() {
  const mark = join(root, 'dist', '.built');
  return existsSync(mark) ? statSync(mark).mtimeMs : -1;
}

function newestSource() {
  let newest = statSync(join(root, 'tsconfig.json')).mtimeMs;
  for (const room of rooms) {
    for (const name of readdirSync(join(root, room), { recursive: true })) {
      if (/\.(ts|json)$/.test(String(name))) newest = Math.max(newest, statSync(join(root, room, String(name))).mtimeMs);
    }
  }
  return newest;
}

function run(command, args) {
  const done = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (done.status !== 0) {
    say(`${command} ${args[0]} failed: see above. With a C++ compiler, make and python3 installed, try again.`);
    process.exit(1);
  }
}

function say(text) {
  process.stderr.write(`ptg: ${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) ready();
