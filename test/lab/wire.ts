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
  /** Resolves with the first frame that answers yes, past ones included. */
  seen(wanted: (frame: WireFrame) => boolean): Promise<WireFrame>;
  stop(): Promise<readonly WireFrame[]>;
}

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
    seen: (wanted) =>
      new Promise((resolve, reject) => {
        const past = frames.find(wanted);
        if (past !== undefined) return resolve(past);
        const look = (frame: WireFrame) => {
          if (!wanted(frame)) return;
          waiting.delete(look);
          resolve(frame);
        };
        waiting.add(look);
        const ended = () => reject(new Error('the capture ended before such a frame was seen'));
        program.ended.then(ended, ended);
      }),
    async stop() {
      await program.kill('SIGTERM');
      await program.ended;
      return frames;
    },
  };
}
