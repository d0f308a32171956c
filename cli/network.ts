/*
 * Commands that read the public network: consensus, relay. They ask the authorities of a network.json and check their
 * signatures; no node has to run.
 */
import type { Command } from 'commander';
import type { Consensus } from '../core/wire/consensus.ts';
import { systemClock } from '../host/clock.ts';
import { readConsensus, readRelay, withAuthorities, type ExplainedRelay } from './authorities.ts';
import { explainRelay, explanationText } from './explain.ts';
import type { HomeOptions } from './home.ts';
import { bytesText, createOutput, fields, grouped, short, spanText, table, timeText } from './output.ts';

export function addNetworkCommands(program: Command): void {
  program
    .command('consensus')
    .description('the newest consensus: terms, and relays in order of standing')
    .action(async (_options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean }>();
      const output = createOutput(options.json === true);
      output.result(await withAuthorities(options, readConsensus), consensusText);
    });
  program
    .command('relay <name>')
    .description('one relay: its flags, and why it has or has not Guard')
    .option('--explain', 'its standing, reckoned again from the public log')
    .action(async (name: string, _options: unknown, command: Command) => {
      const options = command.optsWithGlobals<HomeOptions & { json?: boolean; explain?: boolean }>();
      const output = createOutput(options.json === true);
      if (options.explain === true) {
        const explained = await withAuthorities(options, (http, known) => explainRelay(http, known, name));
        return output.result(explained, explanationText);
      }
      const asked = await withAuthorities(options, (http, known) => readRelay(http, known, name));
      output.result(asked, (one) => relayText(one, systemClock().now()));
    });
}

function consensusText(value: Consensus): string {
  const terms = value.terms.map(({ interval, parameters, relays, exits }): readonly [string, string] => {
    const prices = Object.entries(parameters.rails).map(([rail, { price }]) => `${grouped(price)} ${rail} a GiB and hop`);
    return [
      `interval ${interval}`,
      `${prices.join(', ')}; exits ${relays}/${exits} of it; ${spanText(parameters.intervalSec)} long`,
    ];
  });
  const head = fields([
    ['network', value.networkId],
    ['valid after', timeText(value.validAfter)],
    ['fresh until', timeText(value.freshUntil)],
    ...terms,
    ['public log', `${value.log.size} entries, root ${short(value.log.root)}`],
  ]);
  const rows = value.relays.map((one, index) => [
    String(index + 1),
    one.nickname,
    short(one.id),
    `${bytesText(BigInt(one.bandwidth))}/s`,
    one.flags.join(' '),
  ]);
  return `${head}\n${table(['place', 'relay', 'id', 'bandwidth', 'flags'], rows, 'No relay yet.')}`;
}

function relayText(one: ExplainedRelay, now: number): string {
  return fields([
    ['relay', one.nickname],
    ['id', one.id],
    ['flags', one.flags.join(' ') || 'none'],
    ['Guard', one.guard.has ? 'yes' : whyNotGuard(one).join('\n')],
    ['bandwidth', `${bytesText(BigInt(one.bandwidth))}/s, by its own word`],
    ['known for', spanText(now - one.firstSeen)],
    ['last reached', one.reachedAt === null ? 'never' : `${spanText(now - one.reachedAt)} ago`],
    ['weighted uptime', `${(one.uptimeMillionths / 10_000).toFixed(1)} %, ${spanText(one.mtbfSec)} between failures`],
    ['descriptor', `expires in ${spanText(one.expires - now)}`],
  ]);
}

/** A line for each condition that is missing, with what it has and needs. */
export function whyNotGuard({ guard }: Pick<ExplainedRelay, 'guard'>): string[] {
  return guard.missing.map(({ text, has, needs }) =>
    has === null || needs === null ? `no: ${text}` : `no: ${text}: has ${grouped(has)}, needs ${grouped(needs)}`,
  );
}
