import type { HostPlan, HostStep } from '../plan/host-step.ts';

/** Tells people who wait what is going on: on stderr, so that answers stay clean. */
export interface Progress {
  step(step: HostPlan[number]): void;
  log(line: string): void;
  /** The command is over: what is drawn and not ended is ended. */
  end(): void;
}

/** The part of a stream that progress needs. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** On a terminal one line that grows, elsewhere a line a step. */
export function createProgress(stream: ProgressStream, monotonic: () => number): Progress {
  return stream.isTTY === true ? createBar(stream, monotonic) : createLog(stream);
}

function createLog(stream: ProgressStream): Progress {
  return {
    step: ({ sign, about, what }) => stream.write(`znetadm: ${sign} ${about.padEnd(8)}  ${what}\n`),
    log: (line) => stream.write(`znetadm: ${line}\n`),
    end: () => undefined,
  };
}

const WIDTH = 20;

/** How much of a creation or deletion is behind us when a step of this kind begins. */
const SHARE: Readonly<Record<HostStep['about'], number>> = {
  record: 0.05,
  network: 0.1,
  link: 0.1,
  metadata: 0.2,
  refresh: 0.25,
  zone: 0.3,
  service: 0.5,
  file: 0.5,
  boot: 0.6,
};

const WORDS: Readonly<Record<HostStep['about'], string>> = {
  record: 'recorded',
  network: 'network',
  link: 'links',
  metadata: 'metadata',
  refresh: 'told',
  zone: 'zone',
  service: 'services',
  file: 'files',
  boot: 'booting, verifying the network',
};

function createBar(stream: ProgressStream, monotonic: () => number): Progress {
  const began = monotonic();
  const words: string[] = [];
  let share = 0;
  const draw = (end: string) => {
    const full = Math.round(share * WIDTH);
    const seconds = ((monotonic() - began) / 1000).toFixed(1);
    // \x1b[K clears what a longer line left.
    stream.write(`\r  [${'#'.repeat(full).padEnd(WIDTH, '-')}] ${words.join(', ')}  ${seconds} s\x1b[K${end}`);
  };
  return {
    step({ about }) {
      share = Math.max(share, SHARE[about]);
      if (!words.includes(WORDS[about])) words.push(WORDS[about]);
      draw('');
    },
    log: (line) => stream.write(`\r\x1b[Kznetadm: ${line}\n`),
    end() {
      if (words.length === 0) return;
      share = 1;
      draw('\n');
    },
  };
}
