/*
 * The tor beside a directory: [tor] of ptg.toml in; what the directory role asks of it, out. Called by node/start.
 */
import { dial } from '../host/dial.ts';
import { readLatin1, rewriteFile } from '../host/files.ts';
import { joinedTors, openDirectoryTor, type DirectoryTor } from '../tor/authority/directory-tor.ts';
import type { RoutersFile } from '../tor/authority/middle-only.ts';
import type { TorSpec } from './spec.ts';
import { controlOf, fileIn, type ControlGiven } from './tor.ts';

export function directoryTorBeside({ spec, home, clock, entropy, log }: ControlGiven): DirectoryTor {
  const open = (one: Pick<TorSpec, 'control' | 'cookieFile' | 'passwordFile' | 'approvedRouters'>): DirectoryTor => {
    const file = fileIn(home, one.approvedRouters);
    const approvedRouters = file === null ? null : routersFile(file);
    return openDirectoryTor({ clock, entropy, log, dial }, { ...controlOf({ spec: one, home }), approvedRouters });
  };
  return joinedTors(open(spec), spec.authorities.map(open));
}

export function routersFile(name: string): RoutersFile {
  return {
    name,
    read: (bytesMax) => readLatin1(name, bytesMax),
    write: (text) => rewriteFile(name, Buffer.from(text, 'latin1')),
  };
}
