// Compiles the tests, runs one Node per file, and decides alone what is green: uvu's exit status is not enough
// (a hook that throws, a missing `run()`, `.only`, a thrown string all end in 0).
//
//   node .ci/test.mjs [PART OF A FILE NAME]      ZONENET_TEST_LIMIT=seconds for a file (120), JOBS=files at once (2)
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { buildAll, filesBelow } from './build.mjs';

const root = join(import.meta.dirname, '..');
const match = process.argv[2] ?? '';
const limitSeconds = Number(process.env.ZONENET_TEST_LIMIT ?? 120);
const jobs = Number(process.env.JOBS ?? 2);
const coverage = join(root, 'build/coverage');

/** Environment of a test: NODE_EXTRA_CA_CERTS alone costs 55 ms a start of Node. */
function testEnvironment() {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return {
    ...env,
    NODE_V8_COVERAGE: coverage,
    ZONENET_ROOT: root,
    NO_COLOR: '1',
    NODE_OPTIONS: '--enable-source-maps',
  };
}

/** A file may ask for more time: a line "// limit: 300 s" among its first. */
function limitOf(file) {
  const source = readFileSync(join(root, file.replace(/^build\/test/, 'test').replace(/\.mjs$/, '.ts')), 'utf8');
  const asked = /^\/\/ limit: (\d+) s$/m.exec(source.slice(0, 2000));
  return asked === null ? limitSeconds : Number(asked[1]);
}

/** Why the run of a file cannot count as passed, from its output and its end. Empty when it can. */
function faultsOf({ output, status, signal, timedOut, seconds }) {
  const sum = (word) =>
    [...output.matchAll(new RegExp(`^\\s*${word}:\\s+(\\d+)`, 'gm'))].reduce((n, m) => n + Number(m[1]), 0);
  const [total, passed, skipped] = [sum('Total'), sum('Passed'), sum('Skipped')];
  const faults = [];
  if (timedOut) faults.push(`did not end within ${seconds} s`);
  else if (signal !== null) faults.push(`killed by ${signal}`);
  else if (status !== 0) faults.push(`exit status ${status}`);
  if (!/^\s*Total:/m.test(output)) faults.push('no summary: is test.run() missing?');
  else if (total === 0) faults.push('no test ran');
  if (passed !== total) faults.push(`${total - passed} of ${total} did not pass`);
  if (skipped > 0 && process.env.CI) faults.push(`${skipped} skipped by uvu (.only or .skip left in?)`);
  // A test that this machine cannot run says so itself: "SKIPPED: what, why".
  const said = [...output.matchAll(/^SKIPPED: .*/gm)].map((m) => m[0]);
  return { faults, total, passed, skipped: skipped + said.length, said };
}

function runFile(file) {
  const seconds = limitOf(file);
  return new Promise((resolve) => {
    const started = performance.now();
    const child = spawn(process.execPath, [file], {
      cwd: root,
      env: testEnvironment(),
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let timedOut = false;
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    const timer = setTimeout(() => {
      timedOut = true;
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {}
    }, seconds * 1000);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      const ms = performance.now() - started;
      resolve({ file, output, ms, ...faultsOf({ output, status, signal, timedOut, seconds }) });
    });
  });
}

async function runAll(files) {
  const queue = [...files];
  const results = [];
  await Promise.all(
    Array.from({ length: jobs }, async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const result = await runFile(file);
        results.push(result);
        const good = result.faults.length === 0;
        console.log(
          `${good ? 'ok  ' : 'FAIL'} ${relative('build/test', file)}  ${result.passed}/${result.total}  ${(result.ms / 1000).toFixed(1)} s`,
        );
        for (const line of result.said) console.log(`     ${line}`);
        if (!good) console.log(`${result.output.replace(/^/gm, '     | ')}\n     ${result.faults.join('; ')}`);
      }
    }),
  );
  return results;
}

function check(name, args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log(`FAIL ${name}`);
  return status === 0;
}

/** A file that did not pass counts at least one failure, whatever its own summary says. */
const failuresOf = ({ faults, total, passed }) => (faults.length === 0 ? 0 : Math.max(1, total - passed));

if (existsSync(join(root, 'node_modules'))) {
  rmSync(join(root, 'build'), { recursive: true, force: true });
  mkdirSync(coverage, { recursive: true });
  const checks =
    match === ''
      ? [
          check('types (tsc)', ['node_modules/typescript/bin/tsc', '--noEmit']),
          check('format and lint (biome)', [
            'node_modules/@biomejs/biome/bin/biome',
            'check',
            '--error-on-warnings',
            '.',
          ]),
        ]
      : [];
  await buildAll({ tests: true, match });
  const files = filesBelow('build/test', '.test.mjs');
  const results = await runAll(files);
  if (match === '')
    check('coverage (c8)', [
      'node_modules/c8/bin/c8.js',
      'report',
      '--temp-directory',
      coverage,
      '--exclude',
      'test/**',
      // The sources that saxes was compiled from, by its own source map.
      '--exclude',
      'src/{xml,xmlns}/**',
      '--exclude-after-remap',
      '--reporter',
      'text-summary',
    ]);
  const passed = results.reduce((n, r) => n + r.passed, 0);
  const failed =
    results.reduce((n, r) => n + failuresOf(r), 0) +
    checks.filter((good) => !good).length +
    (files.length === 0 ? 1 : 0);
  const skipped = results.reduce((n, r) => n + r.skipped, 0);
  if (files.length === 0) console.log(`FAIL no test file matches "${match}"`);
  console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  process.exitCode = failed === 0 ? 0 : 1;
}
