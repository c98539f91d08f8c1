// Runs test files of a tree by .ci/test.mjs, and reads what it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Seconds for a test file that does not ask for more. */
const LIMIT = '120';

/**
 * How the tests ended: all passed, some failed by name, a file took too long, or what failed was no test (a lab that does not come up, a
 * tree that does not compile). The last two say nothing about what a test looks at.
 */
export type Verdict =
  | { readonly kind: 'passed' | 'late' }
  | { readonly kind: 'failed'; readonly tests: readonly string[] }
  | { readonly kind: 'broken'; readonly output: string };

/** Runs the test files whose names have a part. In a process group of its own: a Ctrl-C for us is none for the tests. */
export async function runTests(tree: string, part: string): Promise<Verdict> {
  const child = spawn(process.execPath, ['.ci/test.mjs', part], {
    cwd: tree,
    env: { ...process.env, JOBS: '1', ZONENET_TEST_LIMIT: LIMIT },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const [status] = (await once(child, 'close')) as [number | null];
  return readVerdict(output, status);
}

/**
 * From what .ci/test.mjs printed: a failed test stands in the quoted output of its file as uvu names it, `FAIL  suite  "test"`. When a
 * test waits for what never comes, or the end of a suite throws since something was refused, uvu names the suite alone.
 */
export function readVerdict(output: string, status: number | null): Verdict {
  if (status === 0) return { kind: 'passed' };
  const tests = [...output.matchAll(/^ {5}\|\s+FAIL\s+\S.*?\s"(.*)"$/gm)].map(([, name = '']) => name);
  if (tests.length > 0) return { kind: 'failed', tests };
  if (output.includes('Exiting early before testing is finished')) {
    const suites = [...output.matchAll(/^ {5}\| {2}(\S.*?) {2}[•✘]/gm)].map(([, name = '']) => name);
    return { kind: 'failed', tests: [`a test of ${suites.at(-1)}`] };
  }
  return / did not end within \d+ s/.test(output) ? { kind: 'late' } : { kind: 'broken', output };
}
