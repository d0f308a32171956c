/*
 * Two settlement processes at once on one PostgreSQL database, as an operator may have them on two machines.
 */
import { rivalSettlements } from '../faults/rivals.ts';
import type { PostgresServer } from '../harness/postgres.ts';

export function rivalsOnPostgres(server: () => PostgresServer): void {
  let databases = 0;
  rivalSettlements('PostgreSQL', () => server().createDatabase(`rivals_${(databases += 1)}`));
}
