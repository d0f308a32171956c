/*
 * Where a process may die: what opens databases and makes calls in; the same out, but that every SQL statement, every commit before
 * and after it, and every call before it leaves and once it is answered is a point, told to `at`. Called by child.ts, which dies at
 * one of them, and by network.ts, which only counts them to know whether something still happens.
 */
import type { ServerResponse } from 'node:http';
import { openDatabase } from '../../host/db/open.ts';
import { createHttpClient, type ClosableHttpClient, type HttpClientOptions } from '../../host/http/client.ts';
import type { Database, Migration, Tx } from '../../host/ports.ts';
import type { DatabasePlace } from '../../host/db/open.ts';
import type { NodeOptions } from '../../node/start.ts';

/** Called just before what it names happens. */
export type At = (what: string) => void;

export function withPoints(at: At): Required<Pick<NodeOptions, 'openDatabase' | 'createHttpClient'>> {
  return {
    async openDatabase(place: DatabasePlace, migrations: readonly Migration[], name = 'role', owner = name) {
      return databaseWithPoints(await openDatabase(place, migrations, name, owner), (what) => at(`${name}: ${what}`));
    },
    createHttpClient: (options: HttpClientOptions) => clientWithPoints(createHttpClient(options), at),
  };
}

/** The answers to others: express ends each response by `end`, and nothing of it has left before. */
export function pointBeforeAnswers(response: typeof ServerResponse, at: At): void {
  const end = response.prototype.end as (...given: unknown[]) => ServerResponse;
  response.prototype.end = function (this: ServerResponse, ...given: unknown[]) {
    at(`answers ${this.req.url?.split('?')[0]}`);
    return end.apply(this, given);
  } as typeof response.prototype.end;
}

function databaseWithPoints(database: Database, at: At): Database {
  return {
    owner: database.owner,
    close: () => database.close(),
    transaction: (work) =>
      database.transaction(async (tx) => {
        // The first to hear of the commit: what else waits for it is lost.
        tx.onCommit(() => at('committed'));
        const value = await work(txWithPoints(tx, at));
        at('COMMIT');
        return value;
      }),
  };
}

function txWithPoints(tx: Tx, at: At): Tx {
  return {
    all(sql, params) {
      at(sql);
      return tx.all(sql, params);
    },
    run(sql, params) {
      at(sql);
      return tx.run(sql, params);
    },
    onCommit: (run) => tx.onCommit(run),
  };
}

function clientWithPoints(http: ClosableHttpClient, at: At): ClosableHttpClient {
  async function around<T>(what: string, call: () => Promise<T>): Promise<T> {
    at(`calls ${what}`);
    const answer = await call();
    at(`was answered by ${what}`);
    return answer;
  }
  return {
    get: (url, output, options) => around(url, () => http.get(url, output, options)),
    post: (url, body, output, options) => around(url, () => http.post(url, body, output, options)),
    link: (call, output, options) => around(call.url, () => http.link(call, output, options)),
    subscriber: (call, output, options) => around(call.url, () => http.subscriber(call, output, options)),
    local: (role, path, body, output, options) => around(path, () => http.local(role, path, body, output, options)),
    inFlight: () => http.inFlight(),
    close: () => http.close(),
  };
}
