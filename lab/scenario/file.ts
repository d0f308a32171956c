/*
 * A scenario file (design §9): JSON text in, what is to be run out, or a refusal that names the place. Called by scenario/run.
 */
import { z } from 'zod';
import { UNITS_MAX } from '../../core/limits.ts';
import { ok, refuser, type Result } from '../../core/refusal.ts';
import { GIB } from '../../core/rule/price.ts';
import { nickname, units } from '../../core/wire/field.ts';
import { defaultParameters, parameters as parametersShape, type Parameters } from '../../core/wire/parameters.ts';

const amount = z.union([units, z.int().min(0).transform(BigInt)], 'a whole number from 0 to 2^63 − 1, best as a decimal string');
const ratio = z.tuple([amount, amount]).refine(([relays, exits]) => relays > 0n && exits > 0n, 'both above zero');

const circuit = z.strictObject({ subscriber: nickname, path: z.array(nickname).min(1).max(9), bytes: amount });
const intervalPlan = z.strictObject({ circuits: z.array(circuit).default([]), unpaidBy: z.array(nickname).default([]) });
const relay = z.strictObject({
  name: nickname,
  exit: z.boolean().default(false),
  guard: z.boolean().default(false),
  /** Relays that name the same family are one operator's. */
  family: z.string().min(1).max(40).nullable().default(null),
});

const scenarioFile = z.strictObject({
  price: amount,
  exitRatio: ratio.optional(),
  startingBytes: amount.optional(),
  quantum: amount.optional(),
  relays: z.array(relay).min(1).max(200),
  subscribers: z
    .array(z.strictObject({ name: nickname, guard: nickname, deposit: amount }))
    .max(500)
    .default([]),
  circuits: z.array(circuit).optional(),
  unpaidBy: z.array(nickname).optional(),
  intervals: z.array(intervalPlan).min(1).max(50).optional(),
  parameters: z.record(z.string(), z.unknown()).default({}),
});
/** What `parameters` says in amounts, written as in the file itself. */
const amountChanges = z
  .object({
    ...{ price: amount, quantum: amount, dust: amount, startingBytes: amount },
    ...{ creditStart: amount, creditStartBytes: amount, exitRatio: ratio.nullable() },
  })
  .partial();
type File = z.infer<typeof scenarioFile>;

/** The parameters without `genesis`, which the run sets. */
export type ScenarioParameters = Omit<Parameters, 'genesis'>;

export interface Scenario {
  readonly parameters: ScenarioParameters;
  readonly relays: readonly z.infer<typeof relay>[];
  readonly subscribers: readonly { readonly name: string; readonly guard: string; readonly deposit: bigint }[];
  readonly intervals: readonly z.infer<typeof intervalPlan>[];
}

export const scenarioRefusals = {
  'scenario-json': { retry: false, text: 'the scenario file is not JSON', remedy: 'correct it' },
  'scenario-shape': {
    retry: false,
    text: 'a field of the scenario is missing, unknown or out of bounds',
    remedy: 'correct the field named above: docs/scenarios.md has them all',
  },
  'scenario-name': { retry: false, text: 'a name is used twice, or is nobody’s', remedy: 'name each relay and subscriber once' },
  'scenario-path': {
    retry: false,
    text: 'a circuit does not begin at its subscriber’s guard, does not end at an exit, or visits a relay twice',
    remedy: 'correct its path',
  },
  'scenario-deposits': {
    retry: false,
    text: 'the deposits together are more than the ledger can hold',
    remedy: 'keep their sum below 2^63',
  },
} as const;
const refuse = refuser(scenarioRefusals);

export function parseScenario(text: string): Result<Scenario> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (thrown) {
    return refuse('scenario-json', thrown instanceof Error ? thrown.message.slice(0, 200) : 'the file');
  }
  const shape = scenarioFile.safeParse(json);
  if (!shape.success) return refuseShape(shape.error);
  const file = shape.data;
  if (file.intervals !== undefined && (file.circuits !== undefined || file.unpaidBy !== undefined)) {
    return refuse('scenario-shape', 'intervals: circuits and unpaidBy stand in each interval, or in the file, not in both');
  }
  const parameters = parametersOf(file);
  if (!parameters.ok) return parameters;
  const scenario: Scenario = {
    parameters: parameters.value,
    relays: file.relays,
    subscribers: file.subscribers,
    intervals: file.intervals ?? [{ circuits: file.circuits ?? [], unpaidBy: file.unpaidBy ?? [] }],
  };
  return checkNames(scenario) ?? checkPaths(scenario) ?? checkDeposits(scenario) ?? ok(scenario);
}

const hour = 3600;
/** What a file does not say is design §7, except these (design §9). */
const scenarioDefaults: Omit<ScenarioParameters, 'rails'> = {
  ...defaultParameters,
  consensusSec: hour,
  intervalSec: 6 * hour,
  iouTickSec: hour,
  graceSec: 600,
  bstOffsetSec: 1800,
  paymentWindowSec: hour,
  contestWindowSec: hour,
  answerWindowSec: hour,
  appealWindowSec: 2 * hour,
  // The largest number says that there is no limit (rule 6).
  creditStartBytes: UNITS_MAX,
  reportsPerInterval: 1_000_000,
};

function parametersOf(file: File): Result<ScenarioParameters> {
  const exits = file.relays.filter((one) => one.exit).length;
  const base: ScenarioParameters = {
    ...scenarioDefaults,
    startingBytes: file.startingBytes ?? scenarioDefaults.startingBytes,
    exitRatio: file.exitRatio ?? [BigInt(file.relays.length), BigInt(Math.max(exits, 1))],
    rails: { ledger: { price: file.price, quantum: file.quantum ?? 1n, dust: 0n } },
  };
  return overridden(base, file.parameters);
}

/** `parameters` may override any of design §7; `price`, `quantum` and `dust` mean the ledger's, `creditStart` is money. */
function overridden(base: ScenarioParameters, changes: Readonly<Record<string, unknown>>): Result<ScenarioParameters> {
  const amounts = amountChanges.safeParse(changes);
  if (!amounts.success) return refuseShape(amounts.error, 'parameters');
  const { price, quantum, dust, creditStart, ...said } = amounts.data;
  const rest = Object.fromEntries(Object.entries(changes).filter(([name]) => !Object.hasOwn(amountChanges.shape, name)));
  if (Object.hasOwn(rest, 'rails')) return refuse('scenario-shape', 'parameters.rails: price, quantum and dust stand for them');
  const rail = { ...base.rails['ledger'], ...given({ price, quantum, dust }) };
  const merged = { ...plain({ ...base, ...said }), ...rest, rails: { ledger: plain(rail) } };
  const checked = parametersShape.omit({ genesis: true }).safeParse(merged);
  if (!checked.success) return refuseShape(checked.error, 'parameters');
  // A consensus in each interval fixes the terms of the next.
  const { consensusSec, intervalSec } = checked.data;
  const fitting = Object.hasOwn(rest, 'consensusSec') ? consensusSec : Math.min(consensusSec, intervalSec);
  const read = { ...checked.data, consensusSec: fitting };
  const late = checkTimes(read);
  if (late !== null) return late;
  if (creditStart === undefined) return ok(read);
  const unit = read.rails['ledger']?.price ?? 0n;
  const bytes = unit === 0n ? UNITS_MAX : (creditStart * GIB) / unit;
  return ok({ ...read, creditStartBytes: bytes < UNITS_MAX ? bytes : UNITS_MAX });
}

function checkTimes({ consensusSec, intervalSec, graceSec, bstOffsetSec, paymentWindowSec }: ScenarioParameters) {
  if (consensusSec > intervalSec) return refuse('scenario-shape', 'parameters.consensusSec: longer than intervalSec');
  const isLate = paymentWindowSec === 0 || graceSec >= bstOffsetSec + paymentWindowSec;
  return isLate ? refuse('scenario-shape', 'parameters.paymentWindowSec: it ends before anybody could pay') : null;
}

/** Names the first place at fault. */
function refuseShape({ issues: [issue] }: z.ZodError, ...at: string[]): Result<never> {
  const place = [...at, ...(issue?.path.map(String) ?? [])].join('.');
  return refuse('scenario-shape', `${place || 'the whole'}: ${issue?.message ?? ''}`);
}

function given(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** As the parameters' schema reads them: amounts as decimal strings. */
function plain(value: unknown): Record<string, unknown> {
  return JSON.parse(
    JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)),
  ) as Record<string, unknown>;
}

function checkNames(scenario: Scenario): Result<never> | null {
  const names = new Set<string>();
  for (const { name } of [...scenario.relays, ...scenario.subscribers]) {
    if (names.has(name)) return refuse('scenario-name', name);
    names.add(name);
  }
  const relays = new Set(scenario.relays.map((one) => one.name));
  for (const one of scenario.subscribers) {
    if (!relays.has(one.guard)) return refuse('scenario-name', `${one.name}: guard ${one.guard}`);
  }
  for (const [k, interval] of scenario.intervals.entries()) {
    for (const name of interval.unpaidBy)
      if (!relays.has(name)) return refuse('scenario-name', `interval ${k}: unpaidBy ${name}`);
  }
  return null;
}

function checkPaths(scenario: Scenario): Result<never> | null {
  const relays = new Map(scenario.relays.map((one) => [one.name, one]));
  const subscribers = new Map(scenario.subscribers.map((one) => [one.name, one]));
  for (const [k, interval] of scenario.intervals.entries()) {
    for (const [index, one] of interval.circuits.entries()) {
      const where = `interval ${k}, circuit ${index}: ${one.subscriber} over ${one.path.join(' ')}`;
      const subscriber = subscribers.get(one.subscriber);
      if (subscriber === undefined || one.path.some((name) => !relays.has(name))) return refuse('scenario-name', where);
      const last = relays.get(one.path[one.path.length - 1] as string);
      if (one.path[0] !== subscriber.guard || last?.exit !== true || new Set(one.path).size !== one.path.length) {
        return refuse('scenario-path', where);
      }
    }
  }
  return null;
}

function checkDeposits({ subscribers }: Scenario): Result<never> | null {
  const sum = subscribers.reduce((total, one) => total + one.deposit, 0n);
  return sum > UNITS_MAX ? refuse('scenario-deposits', `${sum}, at most ${UNITS_MAX}`) : null;
}
