/** Lets at most so many calls of a function be under way; others wait their turn, in order. */
export function atMost<A, R>(count: number, work: (argument: A) => Promise<R>): (argument: A) => Promise<R> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (argument) => {
    if (running === count) await new Promise<void>((resolve) => waiting.push(resolve));
    else running += 1;
    try {
      return await work(argument);
    } finally {
      const next = waiting.shift();
      // The next takes over its place.
      if (next === undefined) running -= 1;
      else next();
    }
  };
}
