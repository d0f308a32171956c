/*
 * The ports: what a role is given by the machine, and what it gives back. Every role exports `start(ports, config)` and
 * answers a Role. Nothing outside host may reach a clock, chance, a disk or a socket except through these.
 */
import type { ZodType } from 'zod';
import type { Result } from '../core/refusal.ts';
import type { Network } from '../core/wire/network.ts';
import type { Consensus, RelayEntry } from '../core/wire/consensus.ts';
import type { Descriptor } from '../core/wire/descriptor.ts';
import type { Terms } from '../core/wire/terms.ts';
import type { Verified } from '../core/crypto/sign.ts';

/** Whole seconds since 1970. `onWake` calls `run` whenever time may have passed; it returns its own undoing. */
export interface Clock {
  now(): number;
  onWake(run: () => void): () => void;
}

/** Unpredictable bytes (a seeded one for scenarios). */
export interface Entropy {
  bytes(count: number): Uint8Array;
}

export type Param = string | number | bigint | Uint8Array | null;
export type Row = Record<string, string | number | Uint8Array | null>;

/**
 * One transaction. SQL is the common subset of SQLite and PostgreSQL with `?` for parameters. A bigint is bound as a decimal
 * string; a money column is read with CAST(x AS TEXT) and `big(row.x)`.
 */
export interface Tx {
  all(sql: string, params?: readonly Param[]): Promise<Row[]>;
  /** The number of rows changed. */
  run(sql: string, params?: readonly Param[]): Promise<number>;
  /** Called once the transaction has committed, before its caller goes on; never when it fails. `run` must not throw. */
  onCommit(run: () => void): void;
}

export interface Database {
  /** Whose jobs and outbox rows these are: several roles may share one PostgreSQL database. */
  readonly owner: string;
  /** Runs `work` in one transaction; on PostgreSQL serializable, retried on conflict, so `work` only touches the database. */
  transaction<T>(work: (tx: Tx) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

/** DDL in the common subset: TEXT, INTEGER (64 bit), BLOB; every `CREATE TABLE` ends in `STRICT` (dropped on PostgreSQL). */
export interface Migration {
  readonly name: string;
  readonly statements: readonly string[];
}

/** Who called: `relay` on a link (its id), `reply` key of a subscriber, or the operator's own machine. */
export interface Caller {
  readonly kind: 'public' | 'link' | 'subscriber' | 'local';
  /** The relay's id, on a link. */
  readonly relay?: string;
}

/**
 * One line of a role's http table.
 * public: canonical JSON in the clear, for what is public anyway. link: sealed between two relays' roles.
 * subscriber: sealed to the role's key with a reply key inside. local: the operator's socket.
 */
export interface Endpoint {
  readonly method: 'GET' | 'POST';
  /** Express path, beginning with the role: `/ledger/transfers`. */
  readonly path: string;
  readonly access: Caller['kind'];
  /** The object's name; associated data of the sealing. */
  readonly tag: string;
  /** Of the JSON body; for GET of the path's and query's parameters (strings). */
  readonly input: ZodType;
  /** Bytes of body taken; default 65536. */
  readonly bodyMax?: number;
  /** An answer of a public GET that is the same object stays as it is: its text is made once, not for each who asks. */
  readonly lasting?: boolean;
  answer(input: never, from: Caller): Promise<Result<unknown>>;
}

/** X25519 keys of one role: `current` seals, any opens. Numbers are the descriptor's key numbers. */
export interface SealingKey {
  readonly number: number;
  readonly publicKey: Uint8Array;
  readonly secretKey: Uint8Array;
}

/** A plain page: `render` answers whole HTML that works without JavaScript. Public on the open port, local on the socket. */
export interface Page {
  readonly path: string;
  readonly access: 'public' | 'local';
  /** Of what `render` answers; default text/html. A feed has its own. */
  readonly type?: string;
  /** Of the path's and query's parameters (strings). */
  readonly input: ZodType;
  render(input: never): Promise<Result<string>>;
}

export type RoleName = 'guard' | 'relay' | 'directory' | 'settlement' | 'ledger' | 'client';

/** What `start` answers. node mounts the endpoints; lab and shutdown watch idleness. */
export interface Role {
  readonly name: RoleName;
  readonly endpoints: readonly Endpoint[];
  readonly pages?: readonly Page[];
  /** Of roles that take sealed calls. */
  readonly sealing?: readonly SealingKey[];
  /** The relay in whose name it seals and opens links. */
  readonly relay?: string;
  /** True while a job or message is running or due now. */
  busy(): boolean;
  /** The next second at which something is due (jobs and outbox), or null. */
  nextDue(): number | null;
  /** Stops taking up work, and waits for what runs. Does not close the database. */
  stop(): Promise<void>;
}

export interface CallOptions {
  /** Milliseconds until the call is given up; default 10 000. */
  readonly deadlineMs?: number;
  /** Bytes of answer taken; default 65536. */
  readonly answerMax?: number;
  /** The connection is not kept: for one call each to very many machines, whose kept connections would use up the process's. */
  readonly once?: boolean;
}

/**
 * Calls out. A network failure is the refusal `unreachable` (retry). Answers are parsed by `output`. A refusal of the other side
 * comes back as it was.
 */
export interface HttpClient {
  get<T>(url: string, output: ZodType<T>, options?: CallOptions): Promise<Result<T>>;
  post<T>(url: string, body: unknown, output: ZodType<T>, options?: CallOptions): Promise<Result<T>>;
  /** Sealed between two relays' roles. */
  link<T>(call: LinkCall, output: ZodType<T>, options?: CallOptions): Promise<Result<T>>;
  /** Sealed to a role's key, from somebody without one. */
  subscriber<T>(call: SubscriberCall, output: ZodType<T>, options?: CallOptions): Promise<Result<T>>;
  /** To another role of the same operator; a GET when `body` is undefined. */
  local<T>(role: RoleName, path: string, body: unknown, output: ZodType<T>, options?: CallOptions): Promise<Result<T>>;
  /** Calls in flight. */
  inFlight(): number;
}

export interface LinkCall {
  readonly url: string;
  readonly tag: string;
  readonly body: unknown;
  readonly from: string;
  readonly key: SealingKey;
  readonly to: string;
  readonly toKey: { readonly number: number; readonly publicKey: Uint8Array };
}

export interface SubscriberCall {
  readonly url: string;
  readonly tag: string;
  readonly body: unknown;
  readonly toKey: { readonly number: number; readonly publicKey: Uint8Array };
}

/** The fixed vocabulary of logs: no client's address, no circuit, never two fields that together name one. */
export interface LogFields {
  readonly role?: RoleName;
  readonly relay?: string;
  readonly interval?: number;
  readonly settlement?: string;
  readonly job?: string;
  readonly code?: string;
  readonly count?: number;
  readonly file?: string;
  readonly url?: string;
  readonly error?: string;
}

export interface Log {
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
}

/**
 * The network as one node sees it: the newest consensus that a majority of the authorities it knows has signed, descriptors by
 * id, and the terms of every interval it has seen (kept on disk). One a node, shared by its roles.
 */
export interface NetworkView {
  readonly network: Network;
  /** The newest valid consensus, or null before the first. */
  consensus(): Verified<Consensus> | null;
  /** The terms of an interval, or null when no consensus seen fixed them. */
  terms(interval: number): Terms | null;
  /** Digest (hex) of those terms. */
  termsDigest(interval: number): string | null;
  entry(id: string): RelayEntry | null;
  descriptor(id: string): Verified<Descriptor> | null;
  /** Fetches from the authorities now. */
  refresh(): Promise<void>;
  /** Calls back after each new consensus. Returns its own undoing. */
  onConsensus(run: (consensus: Verified<Consensus>) => void): () => void;
}

export interface Ports {
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly database: Database;
  readonly http: HttpClient;
  readonly log: Log;
  readonly network: NetworkView;
}
