/*
 * Who may come in: at most so many connections in all, of them so many that have not shown a key, and so many from one source. Pure
 * counting; called by both ends.
 */

export interface Limits {
  readonly connections: number;
  /** Before the handshake is done. */
  readonly handshakes: number;
  readonly perSource: number;
}

export interface Admission {
  /** Null when there is no room. */
  enter(source: string): Entered | null;
  count(): { readonly connections: number; readonly handshakes: number; readonly sources: number };
}

export interface Entered {
  /** It has shook hands. */
  greeted(): void;
  leave(): void;
}

export function createAdmission(limits: Limits): Admission {
  const sources = new Map<string, number>();
  let connections = 0;
  let handshakes = 0;
  return {
    enter(source) {
      const own = sources.get(source) ?? 0;
      if (connections >= limits.connections || handshakes >= limits.handshakes || own >= limits.perSource) return null;
      connections++;
      handshakes++;
      sources.set(source, own + 1);
      let isGreeting = true;
      const greeted = (): void => {
        if (isGreeting) handshakes--;
        isGreeting = false;
      };
      return {
        greeted,
        leave() {
          greeted();
          connections--;
          const left = (sources.get(source) ?? 1) - 1;
          if (left > 0) sources.set(source, left);
          else sources.delete(source);
        },
      };
    },
    count: () => ({ connections, handshakes, sources: sources.size }),
  };
}

/** An IPv4 address, or the /64 of an IPv6 one: who has one address there has them all. */
export function sourceOf(remote: string): string {
  const host = remote.slice(0, remote.lastIndexOf(':'));
  if (!host.startsWith('[')) return host;
  const [head = '', tail] = host.slice(1, -1).split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const rest = tail === undefined ? [] : tail.split(':').filter((group) => group !== '');
  const zeros = tail === undefined ? [] : Array<string>(Math.max(0, 8 - groups.length - rest.length)).fill('0');
  return [...groups, ...zeros, ...rest].slice(0, 4).join(':');
}
