// Frames on a wire, in hex: seen and sent through a packet socket (lab.md part 8).
import type { Spawned } from './programs.ts';

export interface WireFrame {
  /** As the device sees it: "out" is what its own host sends. */
  readonly direction: 'in' | 'out';
  /** The Ethernet frame in lower case. TCP and UDP checksums of frames a local socket sends may not be filled in. */
  readonly hex: string;
}

export interface Capture {
  /** What has passed so far. */
  frames(): readonly WireFrame[];
  /** Resolves with the first frame that answers yes, past ones included; rejects when none has come in time. */
  seen(wanted: (frame: WireFrame) => boolean, ms?: number): Promise<WireFrame>;
  stop(): Promise<readonly WireFrame[]>;
}

/** Milliseconds that a frame may take on the busiest machine. */
const LONGEST = 20_000;

/** Reads what `lab capture` prints; everything that passes after this has resolved is seen. */
export async function readCapture(program: Spawned): Promise<Capture> {
  const frames: WireFrame[] = [];
  const waiting = new Set<(frame: WireFrame) => void>();
  program.onLine((line) => {
    const [direction, hex] = line.split(' ');
    if (hex === undefined || (direction !== 'in' && direction !== 'out')) return;
    const frame: WireFrame = { direction, hex };
    frames.push(frame);
    for (const tell of waiting) tell(frame);
  });
  await program.said('ready\n');
  return {
    frames: () => frames,
    seen: (wanted, ms = LONGEST) =>
      new Promise((resolve, reject) => {
        const past = frames.find(wanted);
        if (past !== undefined) return resolve(past);
        const done = (act: () => void) => {
          clearTimeout(timer);
          waiting.delete(look);
          act();
        };
        const look = (frame: WireFrame) => {
          if (wanted(frame)) done(() => resolve(frame));
        };
        const fail = (why: string) =>
          done(() => reject(new Error(`no such frame: ${why}; ${frames.length} were seen`)));
        const timer = setTimeout(() => fail(`none within ${ms} ms`), ms);
        waiting.add(look);
        const ended = () => fail('the capture ended');
        program.ended.then(ended, ended);
      }),
    async stop() {
      await program.kill('SIGTERM');
      await program.ended;
      return frames;
    },
  };
}
