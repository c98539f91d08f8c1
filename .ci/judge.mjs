// Runs one compiled test file and decides whether it counts. uvu's exit status is not enough: a hook that throws, a
// missing `run()`, `.only`, a thrown string all end in 0 (dependencies.md §2.5).
//
//   node .ci/judge.mjs FILE [SECONDS]      the verdict as JSON
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * What is wrong with a run, from its output and its end, and its counts. `faults` is empty when it passed.
 * A test that this machine cannot run says so itself, "SKIPPED: what, why", at the end of a line: uvu's dots may stand before it.
 */
export function judge({ output, status, signal, timedOut, seconds }) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, match) => n + Number(match[1]), 0);
  const [total, passed, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')];
  const faults = [];
  if (timedOut) faults.push(`did not end within ${seconds} s`);
  else if (signal !== null) faults.push(`killed by ${signal}`);
  else if (status !== 0) faults.push(`exit status ${status}`);
  if (!/^\s*Total:/m.test(output)) faults.push('no summary: is test.run() missing?');
  else if (total === 0) faults.push('no test ran');
  if (passed !== total) faults.push(`${total - passed} of ${total} did not pass`);
  if (skipped > 0) faults.push(`${skipped} skipped by uvu (.only or .skip left in?)`);
  const said = [...output.matchAll(/\bSKIPPED: .*/g)].map((match) => match[0]);
  return { faults, total, passed, skipped: said.length, said };
}

/** Runs a file in a Node of its own, killed with all it started when the time is over, and judges it. */
export function runFile(file, { seconds, cwd, env }) {
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, [file], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    let output = '';
    let timedOut = false;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8');
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    const timer = setTimeout(() => {
      timedOut = true;
      killGroup(child.pid);
    }, seconds * 1000);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const verdict = judge({ output, status, signal, timedOut, seconds });
      resolve({ file, output, milliseconds: performance.now() - started, ...verdict });
    });
  });
}

function killGroup(pid) {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    // Its last process has just ended by itself.
    if (error.code !== 'ESRCH') throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [file, seconds = '120'] = process.argv.slice(2);
  const { faults, total, passed, skipped } = await runFile(file, {
    seconds: Number(seconds),
    cwd: process.cwd(),
    env: process.env,
  });
  console.log(JSON.stringify({ faults, total, passed, skipped }));
}
