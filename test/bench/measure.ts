// Medians of runs that take turns, so that whatever else the machine does falls on all of them alike.

/** One thing to time. */
export interface Candidate {
  readonly name: string;
  /** What has to be so before each run; not timed. */
  readonly before?: () => void | Promise<void>;
  readonly run: () => Promise<unknown>;
}

/** Milliseconds of the median run of each candidate, after one round that does not count. */
export async function measure(candidates: readonly Candidate[], rounds: number): Promise<Map<string, number>> {
  const times = new Map<string, number[]>(candidates.map(({ name }) => [name, []]));
  for (let round = 0; round <= rounds; round++) {
    for (const { name, before, run } of candidates) {
      await before?.();
      const started = performance.now();
      await run();
      if (round > 0) times.get(name)?.push(performance.now() - started);
    }
  }
  return new Map([...times].map(([name, all]) => [name, median(all)]));
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? Number.NaN) + upper) / 2;
}

/** One line of the report: the candidate, its floor, and how many times the floor it takes. */
export function formatRatio(what: string, value: number, floorName: string, floor: number): string {
  return `${what.padEnd(58)} ${value.toFixed(1).padStart(8)} ms   ${floorName} ${floor.toFixed(1)} ms   ratio ${(value / floor).toFixed(2)}\n`;
}
