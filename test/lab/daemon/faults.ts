// The fault table (lab.md part 13): what goes wrong, when, and for whom.

export type FaultAction = 'fail' | 'fail-after' | 'kill-before' | 'kill-after' | 'delay' | 'hang';

/** One fault. It meets the `nth` matching call from the moment it is set, and `count` calls from there on. */
export interface Fault {
  /** Base name of the program; missing is any. */
  readonly cmd?: string;
  /** A part of the arguments joined with blanks; missing is any. */
  readonly match?: string;
  /** Zone the caller is in; missing is any. */
  readonly zone?: string;
  /** 1 is the first, which is also what missing means. */
  readonly nth?: number;
  /** How many calls in a row; missing is 1, 0 is all from the nth on. */
  readonly count?: number;
  readonly action: FaultAction;
  /** Milliseconds of a delay. */
  readonly ms?: number;
  /** Exit status and stderr of `fail` and `fail-after`; missing are 1 and nothing. */
  readonly status?: number;
  readonly stderr?: string;
  /** True: calls that labd makes itself (methods of stock services) are met too. */
  readonly internal?: boolean;
}

export interface FaultCall {
  readonly zone: string;
  readonly argv: readonly string[];
  readonly internal: boolean;
}

export interface FaultTable {
  set(fault: Fault): void;
  clear(): void;
  /** Counts the call in every fault it matches, and gives the first that meets it. */
  meet(call: FaultCall): Fault | undefined;
}

const matches = (fault: Fault, { zone, argv, internal }: FaultCall) =>
  (fault.cmd === undefined || fault.cmd === argv[0]) &&
  (fault.match === undefined || argv.slice(1).join(' ').includes(fault.match)) &&
  (fault.zone === undefined || fault.zone === zone) &&
  (!internal || fault.internal === true);

export function createFaultTable(): FaultTable {
  let entries: { fault: Fault; seen: number }[] = [];
  const meets = (entry: { fault: Fault; seen: number }, call: FaultCall) => {
    if (!matches(entry.fault, call)) return false;
    entry.seen += 1;
    const { nth = 1, count = 1 } = entry.fault;
    return entry.seen >= nth && (count === 0 || entry.seen < nth + count);
  };
  return {
    set(fault) {
      entries.push({ fault, seen: 0 });
    },
    clear() {
      entries = [];
    },
    meet: (call) => entries.filter((entry) => meets(entry, call))[0]?.fault,
  };
}

/** Reads faults written one JSON object a line; "#" begins a line that is none. */
export function parseFaults(text: string): Fault[] {
  return text
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => JSON.parse(line) as Fault);
}

export const formatFaults = (faults: readonly Fault[]): string =>
  faults.map((fault) => `${JSON.stringify(fault)}\n`).join('');

/** Numbers from 0 to below 1 that a seed fixes (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A mix of `length` faults over the given programs that the seed fixes. The caller prints the seed. */
export function randomFaults(seed: number, programs: readonly string[], length: number): Fault[] {
  const random = seededRandom(seed);
  const pick = <T>(list: readonly T[], otherwise: T): T => list[Math.floor(random() * list.length)] ?? otherwise;
  const actions: readonly FaultAction[] = ['fail', 'fail-after', 'kill-before', 'kill-after', 'delay'];
  return Array.from({ length }, () => {
    const action = pick(actions, 'fail');
    return {
      cmd: pick(programs, 'dladm'),
      nth: 1 + Math.floor(random() * 4),
      action,
      ...(action === 'delay' ? { ms: Math.floor(random() * 200) } : {}),
      ...(action === 'fail' || action === 'fail-after' ? { status: 1, stderr: 'lab: injected fault\n' } : {}),
    };
  });
}

/**
 * Whether a switch is on for this use: "3" is on three times, "*" until it is taken away.
 * Switches are faults that belong to no one command: "link-busy", "repository-down" … (§11.10).
 */
export function takeSwitch(switches: Map<string, string>, name: string): boolean {
  const value = switches.get(name);
  if (value === undefined || value === '0') return false;
  if (/^\d+$/.test(value)) switches.set(name, String(Number(value) - 1));
  return true;
}
