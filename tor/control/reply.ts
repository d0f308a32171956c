/*
 * Replies of Tor's control port (control-spec, "Replies from Tor to the controller"): bytes in, as they come; whole replies and
 * events out, or the refusal after which nothing more is read. Pure and bounded. Called by control/session.ts.
 */
import { ok, refuser, type Result } from '../../core/refusal.ts';

/** One line of a reply; `data` of a `+` line, without its dots. */
export interface ReplyLine {
  readonly text: string;
  readonly data: readonly string[] | null;
}

/** A whole reply, or with status 650 a whole event. The last line is the one that ended it. */
export interface Reply {
  readonly status: number;
  readonly lines: readonly ReplyLine[];
}

export const replyRefusals = {
  'control-line-long': {
    retry: false,
    text: 'a line of the control port is longer than any that Tor writes',
    remedy: 'check that the address in ptg.toml is that of a control port',
  },
  'control-line-shape': {
    retry: false,
    text: 'a line of the control port is not one of a reply',
    remedy: 'check that the address in ptg.toml is that of a control port',
  },
  'control-reply-large': {
    retry: false,
    text: 'a reply of the control port does not end',
    remedy: 'check that the address in ptg.toml is that of a control port',
  },
} as const;
const refuse = refuser(replyRefusals);

export interface ReplyReader {
  /** Replies that these bytes complete, in order. After a refusal it refuses all that follows. */
  take(bytes: Uint8Array): Result<readonly Reply[]>;
}

/** Tor cuts its log messages at 10 KiB; an answer to GETINFO may be longer. */
export const LINE_BYTES_MAX = 64 * 1024;
/** A consensus of twice today's relays, as TOR_DOCUMENT_CHARS_MAX. */
export const REPLY_BYTES_MAX = 16 * 1024 * 1024;

export function replyReader(): ReplyReader {
  let rest = Buffer.alloc(0);
  let open = newReply();
  let failed: Result<never> | null = null;

  function takeLine(line: string): Result<Reply | null> {
    open.bytes += line.length + 2;
    if (open.bytes > REPLY_BYTES_MAX) return refuse('control-reply-large', line.slice(0, 40));
    if (open.data !== null) {
      if (line !== '.') open.data.push(line.startsWith('.') ? line.slice(1) : line);
      else open = { ...open, data: null };
      return ok(null);
    }
    const [, digits, mark, text] = /^([0-9]{3})([-+ ])([^\r\n]*)$/.exec(line) ?? [];
    const status = Number(digits);
    if (text === undefined || (open.status !== null && open.status !== status))
      return refuse('control-line-shape', line.slice(0, 40));
    const data = mark === '+' ? [] : null;
    open.lines.push({ text, data });
    open = { ...open, status, data };
    if (mark !== ' ') return ok(null);
    const whole = { status, lines: open.lines };
    open = newReply();
    return ok(whole);
  }

  function take(bytes: Uint8Array): Result<readonly Reply[]> {
    // Once for all lines: joining again for each would make a long dump slow.
    rest = rest.length === 0 ? Buffer.from(bytes) : Buffer.concat([rest, bytes]);
    const whole: Reply[] = [];
    let start = 0;
    for (let end = rest.indexOf('\n'); end >= 0; end = rest.indexOf('\n', start)) {
      if (end - start > LINE_BYTES_MAX) return refuse('control-line-long', String(end - start));
      const line = rest.toString('latin1', start, end);
      // A line feed alone ends no line, nor does a carriage return stand within one.
      if (line.indexOf('\r') !== line.length - 1 || line === '') return refuse('control-line-shape', line.slice(0, 40));
      const read = takeLine(line.slice(0, -1));
      if (!read.ok) return read;
      if (read.value !== null) whole.push(read.value);
      start = end + 1;
    }
    rest = rest.subarray(start);
    return rest.length > LINE_BYTES_MAX ? refuse('control-line-long', String(rest.length)) : ok(whole);
  }

  return {
    take(bytes) {
      if (failed !== null) return failed;
      const read = take(bytes);
      if (!read.ok) failed = read;
      return read;
    },
  };
}

interface OpenReply {
  readonly status: number | null;
  readonly lines: ReplyLine[];
  /** Not null inside a data line. */
  readonly data: string[] | null;
  bytes: number;
}

function newReply(): OpenReply {
  return { status: null, lines: [], data: null, bytes: 0 };
}
