/*
 * One life of a node, from a start to a death. A life can be doomed: at the k-th step from then on (a statement, a commit, a message
 * that leaves or is answered) it is over, and everything that its roles do afterwards fails, as if the process had been killed there.
 * The database port that steps through a life. Called by town.ts and wire.ts.
 */
import { copyFileSync, existsSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { openDatabase } from '../../host/db/open.ts';
import type { Database, Tx } from '../../host/ports.ts';

export interface Life {
  readonly name: string;
  isOver(): boolean;
  /** One step further; false when the life is over. */
  step(): boolean;
  /** It ends at the k-th step from now. */
  doom(steps: number): void;
  end(): void;
}

export function newLife(name: string): Life {
  let left = Infinity;
  let over = false;
  return {
    name,
    isOver: () => over,
    step() {
      left -= 1;
      over ||= left <= 0;
      return !over;
    },
    doom: (steps) => void (left = steps),
    end: () => void (over = true),
  };
}

class Dead extends Error {}

/** `templates`: a folder of migrated empty databases, since migrating seventy of them takes longer than an interval. */
export function databasesOf(life: Life, templates: string): typeof openDatabase {
  const step = (): void => {
    if (!life.step()) throw new Dead(`${life.name} is dead`);
  };
  return async (place, migrations, name = 'role', owner = name) => {
    const file = 'file' in place ? place.file : null;
    const template = join(templates, `${name}.sqlite`);
    if (file !== null && !existsSync(file))
      await fromTemplate(template, file, () => openDatabase(place, migrations, name, owner));
    const inner = await openDatabase(place, migrations, name, owner);
    return mortal(inner, life, step);
  };
}

async function fromTemplate(template: string, file: string, open: () => Promise<Database>): Promise<void> {
  if (!existsSync(template)) {
    await (await open()).close();
    // Another node may be making it at this moment: a whole file or none.
    copyFileSync(file, `${template}.${process.pid}.new`);
    renameSync(`${template}.${process.pid}.new`, template);
  } else copyFileSync(template, file);
}

function mortal(inner: Database, life: Life, step: () => void): Database {
  const mortalTx = (tx: Tx): Tx => ({
    async all(sql, params) {
      step();
      return tx.all(sql, params);
    },
    async run(sql, params) {
      step();
      return tx.run(sql, params);
    },
    // What a commit starts is started by a process that lives.
    onCommit: (run) => tx.onCommit(() => (life.isOver() ? undefined : run())),
  });
  return {
    owner: inner.owner,
    async transaction(work) {
      step();
      const value = await inner.transaction(async (tx) => {
        const made = await work(mortalTx(tx));
        step();
        return made;
      });
      step();
      return value;
    },
    close: () => inner.close(),
  };
}
