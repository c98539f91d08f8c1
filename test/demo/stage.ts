// What the story is told with: commands as a user types them, what they print, and what was proved.
import type { LabHandle } from '../lab/lab.ts';
import type { RunResult } from '../lab/programs.ts';

export interface Proof {
  readonly claim: string;
  /** What was seen, in a few words. */
  readonly seen: string;
  readonly good: boolean;
}

export type Stage = ReturnType<typeof createStage>;

/** A stage on a lab: prints as it goes and remembers what was proved. */
export function createStage(lab: LabHandle, print: (text: string) => void) {
  const proofs: Proof[] = [];

  /** Types a command in the global zone and prints it with its answer. */
  async function type(command: string, expected: 'succeeds' | 'is refused' = 'succeeds'): Promise<RunResult> {
    print(`\n# ${command}\n`);
    const result = await lab.run(command, { env: { PATH: '/opt/zonenet/bin:/usr/sbin:/usr/bin' }, timeoutMs: 60_000 });
    print(result.stdout + result.stderr);
    if (result.status !== 0) print(`(exit status ${result.status})\n`);
    if ((result.status === 0) !== (expected === 'succeeds'))
      prove(`${command} ${expected}`, `exit status ${result.status}`, false);
    return result;
  }

  function prove(claim: string, seen: string, good: boolean): void {
    proofs.push({ claim, seen, good });
    print(`  ${good ? '✓' : '✗'} ${claim}: ${seen}\n`);
  }

  return { lab, print, type, prove, proofs, say: (text: string) => print(`\n── ${text}\n`) };
}

/** The table at the end: what was proved, by what was seen. */
export function formatProofs(proofs: readonly Proof[]): string {
  const width = Math.max(...proofs.map(({ claim }) => claim.length));
  return proofs
    .map(({ claim, seen, good }) => `  ${good ? 'proved' : 'FAILED'}  ${claim.padEnd(width)}  ${seen}\n`)
    .join('');
}
