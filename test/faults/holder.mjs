/*
 * A process that has a SQLite file for itself until its standard input ends: `node holder.mjs FILE`. Called by database.spec.ts.
 */
import sqlite3 from 'sqlite3';

const database = new sqlite3.Database(process.argv[2], sqlite3.OPEN_READWRITE);
database.exec('BEGIN EXCLUSIVE', (failed) => process.stdout.write(failed === null ? 'held\n' : `${failed.message}\n`));
process.stdin.resume().once('end', () => database.exec('ROLLBACK', () => database.close()));
