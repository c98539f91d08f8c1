// Compiles the tests, runs one Node per file, and decides alone what is green (judge.mjs).
//
//   node .ci/test.mjs [PART OF A FILE NAME]      ZONENET_TEST_LIMIT=seconds for a file (900), JOBS=files at once (as many as there are cores)
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { cpus } from 'node:os';
import { basename, join, relative } from 'node:path';
import { buildAll, filesBelow } from './build.mjs';
import { runFile } from './judge.mjs';

const root = join(import.meta.dirname, '..');
const match = process.argv[2] ?? '';
// Against what hangs; on a busy machine the longest takes seven minutes.
const limitSeconds = Number(process.env.ZONENET_TEST_LIMIT ?? 900);
// One more is faster, and on a slow machine more than programs have time for.
const jobs = Number(process.env.JOBS ?? cpus().length);
const coverage = join(root, 'build/coverage');

/** Coverage is of the product where it runs in the test itself; a lab's files never run it themselves. */
const isCovered = (file) => !/\/(e2e|lab)\//.test(file);

/** Environment of a test: NODE_EXTRA_CA_CERTS alone costs 55 ms a start of Node. */
function environmentOf(file) {
  const { NODE_EXTRA_CA_CERTS: _, ...env } = process.env;
  return {
    ...env,
    NODE_V8_COVERAGE: isCovered(file) ? coverage : '',
    ZONENET_ROOT: root,
    NO_COLOR: '1',
    NODE_OPTIONS: '--enable-source-maps',
  };
}

/** By measurement; the others of e2e take less than half of what these do. */
const LONGEST = ['crash-sweep', 'sites', 'boot-ahead', 'prober', 'random-packets', 'random-faults', 'demo'];

/** What takes long comes first, so that no core idles at the end. */
function inOrder(files) {
  const weight = (file) => {
    if (file.includes('/lab/')) return 1;
    if (!file.includes('/e2e/')) return 2;
    return LONGEST.includes(basename(file, '.test.mjs')) ? -1 : 0;
  };
  return [...files].sort((a, b) => weight(a) - weight(b));
}

async function runAll(files) {
  const queue = inOrder(files);
  const results = [];
  const work = async () => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      const result = await runFile(file, { seconds: limitSeconds, cwd: root, env: environmentOf(file) });
      results.push(result);
      report(result);
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
}

function report({ file, faults, passed, total, milliseconds, said, output }) {
  const name = relative('build/test', file);
  console.log(
    `${faults.length === 0 ? 'ok  ' : 'FAIL'} ${name}  ${passed}/${total}  ${(milliseconds / 1000).toFixed(1)} s`,
  );
  for (const line of said) console.log(`     ${line}`);
  if (faults.length > 0) console.log(`${output.replace(/^/gm, '     | ')}\n     ${faults.join('; ')}`);
}

function check(name, args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) console.log(`FAIL ${name}`);
  return status === 0;
}

const checkSources = () => [
  check('types (tsc)', ['node_modules/typescript/bin/tsc', '--noEmit']),
  check('format and lint (biome)', ['node_modules/@biomejs/biome/bin/biome', 'check', '--error-on-warnings', '.']),
];

/** Coverage of the product by the tests' own processes. What runs inside the lab is not counted. */
function printCoverage() {
  // src/xml is what saxes was compiled from, by its own source map.
  const excluded = ['test/**', 'src/{xml,xmlns}/**'].flatMap((pattern) => ['--exclude', pattern]);
  const report = ['report', '--temp-directory', coverage, '--exclude-after-remap', '--reporter', 'text-summary'];
  return check('coverage (c8)', ['node_modules/c8/bin/c8.js', ...report, ...excluded]);
}

/** A file that did not pass counts at least one failure, whatever its own summary says. */
const failuresOf = ({ faults, total, passed }) => (faults.length === 0 ? 0 : Math.max(1, total - passed));

const sumOf = (numbers) => numbers.reduce((sum, number) => sum + number, 0);

rmSync(join(root, 'build'), { recursive: true, force: true });
mkdirSync(coverage, { recursive: true });
const whole = match === '';
const checks = whole ? checkSources() : [];
await buildAll({ tests: true, match });
const files = filesBelow('build/test', '.test.mjs');
const results = await runAll(files);
if (whole) checks.push(printCoverage());
if (files.length === 0) console.log(`FAIL no test file matches "${match}"`);
const failed = sumOf(results.map(failuresOf)) + checks.filter((good) => !good).length + (files.length === 0 ? 1 : 0);
console.log(
  `${sumOf(results.map(({ passed }) => passed))} passed, ${failed} failed, ${sumOf(results.map(({ skipped }) => skipped))} skipped`,
);
process.exitCode = failed === 0 ? 0 : 1;
