/*
 * A PostgreSQL server of one's own: on loopback, on a free port, in a folder of its own, stopped by its process id. With CI=true a
 * missing server is a failure; elsewhere the stage says why it is skipped.
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { freePorts } from '../../lab/ports.ts';

export interface PostgresServer {
  /** A fresh, empty database's URL. */
  createDatabase(name: string): Promise<string>;
  /** The end of the server's log. */
  log(): string;
  stop(): Promise<void>;
}

/** The folder of the server's programs, or null. */
export function postgresPrograms(): string | null {
  try {
    const versions = readdirSync('/usr/lib/postgresql').sort((a, b) => Number(b) - Number(a));
    return versions[0] === undefined ? null : `/usr/lib/postgresql/${versions[0]}/bin`;
  } catch {
    return null;
  }
}

export async function startPostgres(programs: string): Promise<PostgresServer> {
  const folder = mkdtempSync(join(tmpdir(), 'ptg-pg-'));
  const account = unprivileged();
  if (account !== null) chownSync(folder, account.uid, account.gid);
  const data = join(folder, 'data');
  const made = spawnSync(join(programs, 'initdb'), ['-D', data, '-U', 'ptg', '-A', 'trust', '-E', 'UTF8'], {
    ...account,
    cwd: folder,
  });
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr.toString()}`);
  const [port] = await freePorts(1);
  const logFile: string[] = [];
  const child = spawn(join(programs, 'postgres'), ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder], {
    ...account,
    cwd: folder,
  });
  child.stderr.on('data', (chunk: Buffer) => logFile.push(chunk.toString()));
  const url = (database: string): string => `postgres://ptg@127.0.0.1:${port}/${database}`;
  await answering(url('postgres'), child);
  return {
    async createDatabase(name) {
      const client = new pg.Client({ connectionString: url('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url(name);
    },
    log: () => logFile.join('').slice(-4000),
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGINT');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function answering(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + 120_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline || child.exitCode !== null) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}

/** PostgreSQL refuses to run as root: it gets the system's own account for it. */
function unprivileged(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((one) => one.startsWith('postgres:'));
  const [, , uid, gid] = line?.split(':') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('no account for PostgreSQL: apt-get install postgresql makes one');
  return { uid: Number(uid), gid: Number(gid) };
}
