// Starts a program of ours from code that was compiled before, where there is some: compiling costs more than most
// runs do (docs/decisions/0016).
import { lstatSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { Script } from 'node:vm';
import { unfinishedCode } from '../plan/zone-paths.ts';
import { tryRemove } from './try-remove.ts';

/** A file of a program: a bundle in ASCII, beside the one that starts it. */
export interface Part {
  /** Its path. */
  readonly program: string;
  /** Where its code is kept, in a directory that only root can write; undefined: nowhere. */
  readonly file: string | undefined;
}

/**
 * Runs the program as Node would, and keeps its code after a run that ended well. It may require its other parts by name, and
 * they each other; they are treated alike.
 */
export function startProgram(main: Part, parts: readonly Part[] = []): void {
  const loaded = new Map<Part, { exports: unknown }>();
  const load = (part: Part): unknown => {
    const known = loaded.get(part);
    if (known !== undefined) return known.exports;
    const module = { exports: {} };
    loaded.set(part, module);
    compile(part)(module.exports, requireHere, module, part.program, dirname(part.program));
    return module.exports;
  };
  const requireHere = (name: string): unknown => {
    const part = [main, ...parts].find(({ program }) => name === `./${basename(program)}`);
    return part === undefined ? require(name) : load(part);
  };
  load(main);
}

/** What a bundle is as a function: its exports, require, itself, its path and directory. */
type Compiled = (exports: object, require: (name: string) => unknown, module: object, path: string, at: string) => void;

function compile({ program, file }: Part): Compiled {
  const { ino, size, mtimeMs, ctimeMs } = lstatSync(program);
  // V8 knows its own version and flags, and of the program its length only.
  const head = `${process.version} ${ino}.${size}.${mtimeMs}.${ctimeMs}\n`;
  const cachedData = file === undefined ? undefined : readKept(file, head);
  const wrapped = `(function (exports, require, module, __filename, __dirname) {${readFileSync(program, 'latin1')}\n})`;
  const script = new Script(wrapped, { filename: program, ...(cachedData === undefined ? {} : { cachedData }) });
  if (file !== undefined && (cachedData === undefined || script.cachedDataRejected === true)) {
    process.on('exit', (status) => {
      if (status === 0) keep(file, formatKept(head, script.createCachedData()));
    });
  }
  return script.runInThisContext() as Compiled;
}

/** Nobody else can have put something there. */
function isOurs(directory: string): boolean {
  const { uid, mode } = lstatSync(directory);
  return uid === process.geteuid?.() && (mode & 0o022) === 0;
}

/** Characters of a sum, and how many bytes one of them stands for. */
const [SUM, STRIDE] = [8, 61];

/**
 * V8 believes the code that it is given. What a disk loses it loses by blocks, so a byte of every few is enough, and costs
 * a hundredth of what a digest does.
 */
function sumOf(code: Uint8Array): string {
  let [one, other] = [1, code.length];
  for (let at = 0; at < code.length; at += STRIDE) {
    one = (one + (code[at] ?? 0)) | 0;
    other = (other + one) | 0;
  }
  return ((one * 31 + other) >>> 0).toString(16).padStart(SUM, '0');
}

const formatKept = (head: string, code: Buffer) => Buffer.concat([Buffer.from(head + sumOf(code)), code]);

/** Undefined: there is none, it is damaged, or it is of another Node or another program. */
function readKept(file: string, head: string): Buffer | undefined {
  try {
    // What is run is what we kept ourselves.
    if (!isOurs(dirname(file))) return undefined;
    const kept = readFileSync(file);
    const code = kept.subarray(head.length + SUM);
    return kept.toString('latin1', 0, head.length + SUM) === head + sumOf(code) ? code : undefined;
  } catch {
    return undefined;
  }
}

/** Whole or not at all, since V8 runs what it finds; without it the next start is slower, which is all. */
function keep(file: string, data: Buffer): void {
  const unfinished = unfinishedCode(file);
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    if (!isOurs(dirname(file))) return;
    writeFileSync(unfinished, data, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(unfinished, file);
  } catch {
    // Not root, or full, or a run that was killed has left it: then the next one keeps its code.
    tryRemove(unfinished);
  }
}
