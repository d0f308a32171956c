/*
 * Connections that come in, each served until its work is done: who may enter is counted, what fails is logged, and all that is open
 * for one ends with it. Used by both ends.
 */
import { errorText } from '../../host/log.ts';
import type { Log } from '../../host/ports.ts';
import type { Wire } from '../../host/tcp.ts';
import type { Admission, Entered } from './admission.ts';

export interface Serving {
  take(wire: Wire): void;
  /** Another connection, made for one that is served: destroyed with all others, or by the undoing that this returns. */
  keep(wire: Wire): () => void;
  /** Takes no more, and destroys all that is open at once; resolves when everybody's work is done. */
  stop(): Promise<void>;
}

export interface ServingOptions {
  readonly log: Log;
  readonly role: 'guard' | 'client';
  readonly admission: Admission;
  /** Whose share of the room a connection takes. */
  sourceOf(wire: Wire): string;
  serve(wire: Wire, entered: Entered): Promise<void>;
}

export function createServing({ log, role, admission, sourceOf, serve }: ServingOptions): Serving {
  const wires = new Set<Wire>();
  const works = new Set<Promise<void>>();
  let isStopped = false;

  function keep(wire: Wire): () => void {
    wires.add(wire);
    return () => {
      wire.stream.destroy();
      wires.delete(wire);
    };
  }

  return {
    keep,
    take(wire) {
      const entered = isStopped ? null : admission.enter(sourceOf(wire));
      if (entered === null) return void wire.stream.destroy();
      const drop = keep(wire);
      const work = serve(wire, entered)
        .catch((thrown: unknown) => log.error('transport-failed', { role, error: errorText(thrown) }))
        .finally(() => {
          drop();
          entered.leave();
          works.delete(work);
        });
      works.add(work);
    },
    async stop() {
      isStopped = true;
      for (const wire of wires) wire.stream.destroy();
      await Promise.all(works);
    },
  };
}
