// Work that must not overlap: one piece after the other, in the order it was asked for.

export type Serial = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of its own. Work that fails does not stop what waits behind it. */
export function createSerial(): Serial {
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const mine = last.then(work, work);
    // The caller gets the failure; the queue only has to know that it is over.
    last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  };
}
