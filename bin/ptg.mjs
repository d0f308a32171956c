#!/usr/bin/env node
/*
 * The command `ptg`: makes the program ready, then runs it.
 */
import { ready } from './ready.mjs';

ready();
const { main } = await import('../dist/cli/main.js');
await main(process.argv.slice(2));
