import { type Holder, isAlive, linkWhole, numbered, numbersOf, readHolder, unlinkIfThere } from './lock-files.ts';
import { pause } from './pause.ts';
import type { ProcessTable } from './process-table.ts';

/** Milliseconds between two looks of who is next, and of each one behind, up to a longest. */
const [NEXT, BEHIND, LONGEST] = [3, 10, 300];

/** Looks at a lock that is free and that nobody before us takes, until we do: they may be stopped. */
const PATIENCE = 5;

/** A place in the queue of a lock. */
export interface Place {
  /**
   * Whether to try to take the lock, which was just seen free or not. If not, some time has passed. Who finds the lock
   * free and nobody waiting need not queue.
   */
  isMyTurn(isFree: boolean): Promise<boolean>;
  /** Must be called at the end, however that was. */
  leave(): Promise<void>;
}

/**
 * Lets processes that wait for a lock come to it in the order in which they came to wait, so that none starves, and look
 * the less often the more are before them: a hundred that look all the time would leave no processor to the holder.
 *
 * It keeps order only; that one has the lock at a time is not its business. The files W.1, W.2, … name who waits; one
 * left by a process that is gone is removed by those behind it.
 */
export function createPlace(directory: string, me: Holder, processes: ProcessTable): Place {
  let mine: number | undefined;
  let passedOver = 0;

  function join(): number {
    for (;;) {
      const number = Math.max(0, ...numbersOf(directory, 'W')) + 1;
      if (linkWhole(directory, me, numbered(directory, 'W', number))) return number;
    }
  }

  async function removeDead(first: number): Promise<void> {
    const path = numbered(directory, 'W', first);
    const holder = await readHolder(path);
    if (holder !== 'gone' && !(await isAlive(holder, processes))) unlinkIfThere(path);
  }

  return {
    async isMyTurn(isFree) {
      const waiting = numbersOf(directory, 'W');
      if (isFree && waiting.length === 0) return true;
      mine ??= join();
      const own = mine;
      const before = waiting.filter((number) => number < own);
      if (before.length === 0) {
        if (isFree) return true;
        await pause(NEXT);
        return false;
      }
      await removeDead(Math.min(...before));
      passedOver = isFree ? passedOver + 1 : 0;
      if (passedOver > PATIENCE) return true;
      await pause(Math.min(LONGEST, BEHIND * before.length) * (0.75 + Math.random() / 2));
      return false;
    },
    async leave() {
      if (mine !== undefined) unlinkIfThere(numbered(directory, 'W', mine));
    },
  };
}
