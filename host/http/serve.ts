/*
 * The open port of a node: its roles' public, link and subscriber endpoints by path, in; a listening server out. Local endpoints
 * are not here but in local.ts. Called by node.
 */
import type { AddressInfo } from 'node:net';
import { invariant } from '../../core/refusal.ts';
import type { Log, Role } from '../ports.ts';
import { createApp, defaultDeadlines, type App, type HttpDeadlines } from './app.ts';
import { mountEndpoint, mountPage, type Sealing } from './mount.ts';

export interface ServeOptions extends Sealing {
  readonly roles: readonly Role[];
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly log: Log;
  readonly deadlines?: HttpDeadlines;
}

export interface Served {
  readonly host: string;
  readonly port: number;
  /** `http://host:port`. */
  readonly url: string;
  busy(): boolean;
  close(): Promise<void>;
}

export async function serve(options: ServeOptions): Promise<Served> {
  const app = createApp(
    options.log,
    (express) => {
      for (const role of options.roles) mountRole(express, role, options);
    },
    options.deadlines ?? defaultDeadlines,
  );
  return listen(app, options.host, options.port);
}

export function listen(app: App, host: string, port: number): Promise<Served> {
  return new Promise((resolve, reject) => {
    app.server.once('error', reject);
    app.server.listen(port, host, () => {
      app.server.off('error', reject);
      const bound = (app.server.address() as AddressInfo).port;
      const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
      resolve({ host, port: bound, url, busy: app.busy, close: app.close });
    });
  });
}

function mountRole(express: Parameters<typeof mountPage>[0], role: Role, sealing: Sealing): void {
  for (const endpoint of role.endpoints) {
    if (endpoint.access === 'local') continue;
    invariant(endpoint.access === 'public' || endpoint.method === 'POST', `${endpoint.path} is sealed, so it is a POST`);
    invariant(endpoint.access === 'public' || role.sealing !== undefined, `${role.name} has sealing keys`);
    invariant(endpoint.access !== 'link' || role.relay !== undefined, `${role.name} has a relay`);
    mountEndpoint(express, role, endpoint, sealing);
  }
  for (const page of role.pages ?? []) if (page.access === 'public') mountPage(express, page);
}
