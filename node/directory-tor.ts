/*
 * The tor beside a directory: [tor] of ptg.toml in; what the directory role asks of it, out. Called by node/start.
 */
import { dial } from '../host/dial.ts';
import { readLatin1, rewriteFile } from '../host/files.ts';
import { openDirectoryTor, type DirectoryTor } from '../tor/authority/directory-tor.ts';
import type { RoutersFile } from '../tor/authority/middle-only.ts';
import { controlOf, fileIn, type ControlGiven } from './tor.ts';

export function directoryTorBeside(given: ControlGiven): DirectoryTor {
  const { spec, home, clock, entropy, log } = given;
  const file = fileIn(home, spec.approvedRouters);
  const approvedRouters = file === null ? null : routersFile(file);
  return openDirectoryTor({ clock, entropy, log, dial }, { ...controlOf(given), approvedRouters });
}

export function routersFile(name: string): RoutersFile {
  return {
    name,
    read: (bytesMax) => readLatin1(name, bytesMax),
    write: (text) => rewriteFile(name, Buffer.from(text, 'latin1')),
  };
}
