/*
 * Two settlement processes at once on one SQLite file; the stage test:postgres has the same on PostgreSQL.
 */
import { rivalSettlements } from './rivals.ts';

rivalSettlements('SQLite', async () => null);
