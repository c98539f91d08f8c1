// What starts znetadm: its program from code that was compiled before, where there is some. Compiling costs more than
// most commands do.
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Script } from 'node:vm';
import { VOLATILE } from '../plan/host-paths.ts';

const PROGRAM = join(__dirname, 'znetadm.cjs');

/** Only root can read or write there. Each command keeps what it uses. */
const DIRECTORY = `${VOLATILE}/code`;

/** Undefined: not a name of a command. */
const command = /^[a-z]+(-[a-z]+)*$/.exec(process.argv[2] ?? '')?.[0];

function start(): void {
  const kept = command === undefined ? undefined : join(DIRECTORY, command);
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(PROGRAM);
  // V8 knows its own version and flags, and of the program its length only.
  const head = `${process.version} ${ino}.${size}.${mtimeMs}.${ctimeMs}\n`;
  const cachedData = kept === undefined ? undefined : readKept(kept, head);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${readFileSync(PROGRAM, 'utf8')}\n})`;
  const script = new Script(wrapped, { filename: PROGRAM, ...(cachedData === undefined ? {} : { cachedData }) });
  const main = { exports: {} };
  script.runInThisContext()(main.exports, createRequire(PROGRAM), main, PROGRAM, __dirname);
  if (kept === undefined || (cachedData !== undefined && script.cachedDataRejected !== true)) return;
  process.on('exit', (status) => {
    if (status === 0) keep(kept, Buffer.concat([Buffer.from(head), script.createCachedData()]));
  });
}

/** Nobody else can have put something there. */
function isOurs(): boolean {
  const { uid, mode } = lstatSync(DIRECTORY);
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** Undefined: there is none, or it is of another Node or another program. */
function readKept(path: string, head: string): Buffer | undefined {
  try {
    // What is run is what we kept ourselves.
    if (!isOurs()) return undefined;
    const data = readFileSync(path);
    return data.subarray(0, head.length).toString('latin1') === head ? data.subarray(head.length) : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all; without it the next start is slower, which is all. */
function keep(path: string, data: Buffer): void {
  try {
    mkdirSync(DIRECTORY, { recursive: true, mode: 0o700 });
    if (!isOurs()) return;
    writeFileSync(`${path}.${process.pid}`, data, { mode: 0o600, flag: 'wx' });
    renameSync(`${path}.${process.pid}`, path);
  } catch {
    // Not root, or full.
  }
}

start();
