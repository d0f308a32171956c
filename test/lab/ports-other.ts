/*
 * A process that takes ports and stays. Forked by ports.spec.ts.
 */
import { freePorts } from '../../lab/ports.ts';

process.send?.(await freePorts(200));
process.on('disconnect', () => process.exit());
