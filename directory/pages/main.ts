/*
 * The docket's pages: paths, parameters, what renders each. A table, mounted by node on the open port and on the operator's socket.
 */
import { z } from 'zod';
import { hex32, units } from '../../core/wire/field.ts';
import type { Page } from '../../host/ports.ts';
import { casePage } from './case.ts';
import { createFeed } from './feed.ts';
import type { Docket, Known } from './known.ts';
import { listPage, type ListQuery } from './list.ts';
import { relayPage } from './relay.ts';

const nothing = z.strictObject({});
const ofList = z.strictObject({ before: units.optional(), relay: z.string().max(64).optional() });
const ofCase = z.strictObject({ case: hex32 });
const ofRelay = z.strictObject({ relay: z.string().min(1).max(64) });

export function docketPages(docket: Docket, known: Known): readonly Page[] {
  const feed = createFeed(docket, known);
  return [
    page('/docket', ofList, (query: ListQuery) => listPage(docket, known, query)),
    page('/docket/case/:case', ofCase, (input) => casePage(docket, known, input.case)),
    page('/docket/relay/:relay', ofRelay, (input) => relayPage(docket, known, input.relay)),
    { ...page('/docket/feed.atom', nothing, feed), type: 'application/atom+xml' },
  ];
}

function page<S extends z.ZodType>(path: string, input: S, render: (input: z.infer<S>) => ReturnType<Page['render']>): Page {
  return { path, access: 'public', input, render };
}
