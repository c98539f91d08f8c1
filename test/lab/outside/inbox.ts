// Events of a peer program, kept until somebody asks for them.
import type { PeerEvent } from './peer-protocol.ts';

/** Thrown when a socket fails ("ECONNREFUSED", "ECONNRESET" …) or nothing comes in time ("timeout"). */
export class PeerError extends Error {
  override readonly name = 'PeerError';
  readonly code: string;
  constructor(code: string, what: string) {
    super(`${what}: ${code}`);
    this.code = code;
  }
}

type Named<K extends PeerEvent['event']> = Extract<PeerEvent, { event: K }>;

export type Inbox = ReturnType<typeof createInbox>;

export function createInbox() {
  const events: PeerEvent[] = [];
  const texts = new Map<number, string>();
  const waiting = new Set<() => void>();

  function add(event: PeerEvent): void {
    if (event.event === 'data' && event.from === undefined)
      texts.set(event.id, (texts.get(event.id) ?? '') + event.text);
    else events.push(event);
    for (const look of [...waiting]) look();
  }

  /** Looks now and after every event, until `take` gives something, the socket fails, or the time is over. */
  function until<T>(id: number, what: string, ms: number, take: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const done = (act: () => void) => {
        clearTimeout(timer);
        waiting.delete(look);
        act();
      };
      const look = () => {
        const taken = take();
        if (taken !== undefined) return done(() => resolve(taken));
        const failed = events.find((event) => event.id === id && event.event === 'error');
        if (failed?.event === 'error') done(() => reject(new PeerError(failed.code, what)));
      };
      const timer = setTimeout(() => done(() => reject(new PeerError('timeout', what))), ms);
      waiting.add(look);
      look();
    });
  }

  function take<K extends PeerEvent['event']>(id: number, kind: K, wanted: (event: Named<K>) => boolean) {
    const isIt = (event: PeerEvent): event is Named<K> => event.event === kind && event.id === id;
    const found = events.find((event): event is Named<K> => isIt(event) && wanted(event));
    if (found !== undefined) events.splice(events.indexOf(found), 1);
    return found;
  }

  return {
    add,
    /** The next event of that kind of a socket, or the next that is wanted. */
    next: <K extends PeerEvent['event']>(
      id: number,
      kind: K,
      ms: number,
      wanted: (event: Named<K>) => boolean = () => true,
    ) => until(id, kind, ms, () => take(id, kind, wanted)),
    async expectText(id: number, text: string, ms: number): Promise<void> {
      await until(id, `"${text}"`, ms, () => {
        const got = texts.get(id) ?? '';
        const at = got.indexOf(text);
        if (at < 0) return undefined;
        texts.set(id, got.slice(at + text.length));
        return true;
      });
    },
    async restOf(id: number, ms: number): Promise<string> {
      await until(id, 'end', ms, () => take(id, 'end', () => true));
      return texts.get(id) ?? '';
    },
  };
}
