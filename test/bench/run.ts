// Running a program for its time.
import { spawn } from 'node:child_process';

/**
 * Runs a program to its end, in the clean environment of a login.
 *
 * @throws {Error} when it ends with another status
 */
export async function runProgram(argv: readonly string[], statuses: readonly number[] = [0]): Promise<string> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { env: { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C', TZ: 'UTC' }, cwd: '/' });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text;
  });
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (status === null || !statuses.includes(status))
    throw new Error(
      `${argv.join(' ').slice(0, 200)}: status ${status}\n${stdout.slice(-1000)}${stderr.slice(0, 2000)}`,
    );
  return stdout;
}

/** Milliseconds that something takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}
