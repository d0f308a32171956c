/*
 * `ptg payouts unsigned|signed|void`: payments whose keys are elsewhere, carried to the signer and back. What a payment will do is shown
 * before it is signed. Called by main.ts.
 */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { z } from 'zod';
import { SIGNED_CHARS_MAX } from '../core/limits.ts';
import { invariant, ok, refuser, type Result } from '../core/refusal.ts';
import { shaped } from '../core/wire/codec.ts';
import { hex32, units } from '../core/wire/field.ts';
import { readBounded, writeFileAtomically } from '../host/files.ts';
import { shapedArgument } from './arguments.ts';
import { callRole } from './call.ts';
import { nodeHome, type HomeOptions } from './home.ts';
import { call } from './operator.ts';
import { createOutput, fields, grouped } from './output.ts';

export const signingRefusals = {
  'signing-several': {
    retry: false,
    text: 'not just one payment waits for a signature, and a file holds one',
    remedy: 'see ptg payouts unsigned, and name one by its id',
  },
  'signing-file': {
    retry: false,
    text: 'the signed payment cannot be read, or is larger than any that was handed out',
    remedy: 'name the file that the signer wrote',
  },
} as const;
const refuse = refuser(signingRefusals);

const output = z.object({ destination: z.string().nullable(), amount: units, isChange: z.boolean() });
const waiting = z
  .object({
    ...{ rail: z.string(), batch: hex32, payment: z.string(), unsigned: z.base64() },
    ...{ outputs: z.array(output), total: units, fee: units, feerate: z.string() },
  })
  .loose();
type Waiting = z.infer<typeof waiting>;
const unsignedShape = z.object({ unsigned: z.array(waiting) });

type Options = HomeOptions & { readonly json?: boolean; readonly save?: string };
const idArgument = shapedArgument(hex32, 'a batch’s id');

export function addSigningCommands(program: Command): void {
  const payouts = program.commands.find((one) => one.name() === 'payouts');
  invariant(payouts !== undefined, 'payouts is there first');
  payouts
    .command('unsigned')
    .argument('[id]', 'of one batch', idArgument)
    .option('--save <file>', 'write the PSBT of one, as signers read it')
    .description('payments that wait for a signature made elsewhere: where to, how much, the fee')
    .action(async (id: string | undefined, _: unknown, command: Command) => showUnsigned(command, id));
  payouts
    .command('signed <file>')
    .description('a signed payment taken back: checked, and sent')
    .action(async (file: string, _: unknown, command: Command) => takeBack(command, file));
  call(
    payouts
      .command('void')
      .argument('<id>', 'of a batch', idArgument)
      .description('give an unsigned payment up: what it was to pay is made anew, and both can never be paid'),
    {
      ...{ role: 'settlement', path: '/settlement/payouts-void', acts: true, shape: z.object({ batch: hex32 }).loose() },
      body: ([batch]) => ({ batch }),
      text: ({ batch }) => `Given up: ${batch}. What it was to pay is due again; sign what waits then: ptg payouts unsigned\n`,
    },
  );
}

async function showUnsigned(command: Command, id: string | undefined): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const out = createOutput(options.json === true);
  const read = await readUnsigned(options);
  if (!read.ok) return out.refuse(read.refusal);
  const unsigned = read.value.filter((one) => id === undefined || one.batch === id);
  const saved = options.save === undefined ? ok('') : await save(unsigned, resolve(options.save));
  if (!saved.ok) return out.refuse(saved.refusal);
  out.print({ unsigned }, () => `${unsignedText(unsigned)}${saved.value}`);
}

async function readUnsigned(options: Options): Promise<Result<Waiting[]>> {
  const home = nodeHome(options, process.env);
  if (!home.ok) return home;
  const request = { home: home.value, role: 'settlement', path: '/settlement/payouts-unsigned', body: {} } as const;
  const answer = await callRole(request, 'reading');
  const read = answer.ok ? shaped(answer.value, unsignedShape) : answer;
  return read.ok ? ok(read.value.unsigned) : read;
}

/** In binary, as BIP 174 has it in files. */
async function save(unsigned: readonly Waiting[], file: string): Promise<Result<string>> {
  const [one] = unsigned;
  if (one === undefined || unsigned.length > 1) return refuse('signing-several', `${unsigned.length} wait`);
  await writeFileAtomically(file, Buffer.from(one.unsigned, 'base64'), 0o600);
  return ok(`\n${file} is written. Sign it, then: ptg payouts signed FILE\n`);
}

function unsignedText(unsigned: readonly Waiting[]): string {
  if (unsigned.length === 0) return 'Nothing waits for a signature.\n';
  return unsigned
    .map(({ batch, payment, rail, outputs, total, fee, feerate }) =>
      fields([
        ['batch', batch],
        ['transaction', payment],
        ['pays', outputs.map((one) => outputText(one)).join('\n')],
        ['in all', `${grouped(total)} ${rail}`],
        ['fee', `${grouped(fee)}, ${feerate}`],
      ]),
    )
    .join('\n');
}

function outputText({ destination, amount, isChange }: Waiting['outputs'][number]): string {
  return `${grouped(amount)} to ${destination ?? 'a script without an address'}${isChange ? ' (change: it stays yours)' : ''}`;
}

async function takeBack(command: Command, file: string): Promise<void> {
  const options = command.optsWithGlobals<Options>();
  const out = createOutput(options.json === true);
  const home = nodeHome(options, process.env);
  if (!home.ok) return out.refuse(home.refusal);
  const bytes = await readBounded(file, SIGNED_CHARS_MAX);
  if (bytes === null) return out.refuse(refuse('signing-file', file).refusal);
  const request = { home: home.value, role: 'settlement', path: '/settlement/payouts-signed' } as const;
  const answer = await callRole({ ...request, body: { signed: textOf(bytes) } }, 'acting');
  const read = answer.ok ? shaped(answer.value, z.object({ batch: hex32, payment: z.string() }).loose()) : answer;
  out.result(
    read,
    ({ batch, payment }) => `Taken and sent: ${payment}, for batch ${batch}. It is paid when it is deep enough.\n`,
  );
}

/** Signers write the binary form, its base64, or the whole transaction in hex. */
function textOf(bytes: Uint8Array): string {
  const given = Buffer.from(bytes);
  return given.subarray(0, 4).toString('latin1') === 'psbt' ? given.toString('base64') : given.toString('utf8').trim();
}
