import {
  appendFileSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  rmSync,
  type Stats,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import type { Command, CommandResult } from '../illumos/command.ts';
import type { FileContent } from '../plan/step.ts';
import { monotonic } from './monotonic.ts';
import { errorCode } from './node-error.ts';
import { pause } from './pause.ts';
import type { System } from './system.ts';
import { tryRemove } from './try-remove.ts';

/** The machine itself. How programs are run comes from outside: execa on the host, a lighter runner in the boot method. */
export function createNodeSystem(options: {
  run: (command: Command) => Promise<CommandResult>;
  log: (line: string) => void;
}): System {
  return {
    ...options,
    // Synchronous throughout: small files, and many. A thousand are read in 10 ms, by promises in 100.
    readFile: async (path) => readPlain(path, (file) => readFileSync(file, 'utf8')),
    readHead: async (path, bytes) => readPlain(path, (file) => readHead(file, bytes)),
    writeFile: durableWrite,
    writeFiles: durableWriteAll,
    makeDirectory: durableMakeDirectory,
    remove: durableRemove,
    list: listNames,
    listStamped,
    appendNotes: async (path, text) => appendFileSync(path, text, { mode: 0o600 }),
    cutOff: async (path) =>
      ((await orMissing(async () => readdirSync(path))) ?? [])
        .filter((name) => name.startsWith('.') && name.endsWith(UNFINISHED))
        .sort()
        .map((name) => join(path, name)),
    kindOf,
    attributesOf,
    stampOf,
    monotonic,
    sleep: pause,
  };
}

/** Opening a pipe would wait for somebody who writes into it. */
const AT_ONCE = constants.O_RDONLY | constants.O_NONBLOCK;

function readPlain(path: string, read: (file: number) => string): string | undefined {
  try {
    const file = openSync(path, AT_ONCE);
    try {
      const status = fstatSync(file);
      if (status.isFile()) return read(file);
      if (isNull(status)) return '';
      throw unreadable(path, status.isDirectory() ? 'it is a directory' : 'it is no plain file');
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT') return undefined;
    throw error instanceof OperatorError || code === undefined ? error : unreadable(path, code, error);
  }
}

/** Whether somebody has put /dev/null in the place of a file, as one does who wants it empty. */
function isNull(status: Stats): boolean {
  return status.isCharacterDevice() && status.rdev === statSync('/dev/null').rdev;
}

function readHead(file: number, bytes: number): string {
  const buffer = Buffer.alloc(bytes);
  return buffer.toString('latin1', 0, readSync(file, buffer, 0, bytes, 0));
}

function unreadable(path: string, why: string, cause?: unknown): OperatorError {
  return new OperatorError('FILE_REFUSED', `${path}: cannot be read: ${why}`, { cause });
}

async function orMissing<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** How the name of a file ends that is being written; it begins with a dot. */
const UNFINISHED = '.zonenet';

/** One name for each file, so that what a killed run left there is found, and written over by the next. */
const unfinished = (path: string) => join(dirname(path), `.${basename(path)}${UNFINISHED}`);

/**
 * Whole file under another name, fsync, rename, fsync of the directory: after a power cut it is the old or the new. Two
 * that write the same file have to keep out of each other's way: on the host by locks, in a zone SMF does it.
 */
async function durableWrite(file: FileContent): Promise<void> {
  await durableWriteAll([file]);
}

async function durableWriteAll(files: readonly FileContent[]): Promise<void> {
  const [first] = files;
  if (first === undefined) return;
  let at = first.path;
  try {
    for (const file of files) {
      at = file.path;
      writeUnfinished(file);
    }
    for (const { path } of files) {
      at = path;
      renameSync(unfinished(path), path);
    }
    if (first.scratch !== true) syncDirectory(dirname(first.path));
  } catch (error) {
    // Says why it could not be written, not why what is there of it could not be taken away.
    for (const { path } of files) tryRemove(unfinished(path));
    throw writeFailed('write', at, error);
  }
}

function writeUnfinished({ path, content, mode, owner, scratch }: FileContent): void {
  const temporary = unfinished(path);
  removeIfThere(temporary);
  // "wx" is O_CREAT|O_EXCL: never through a link that somebody planted.
  const file = openSync(temporary, 'wx', mode);
  try {
    writeFileSync(file, content);
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    if (scratch !== true) fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

/** Asks first: what is thrown for a missing file costs more than that. */
function removeIfThere(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) rmSync(path, { force: true });
}

async function durableMakeDirectory(path: string, mode: number): Promise<void> {
  try {
    const first = mkdirSync(path, { recursive: true, mode });
    if (first === undefined) return;
    // The name of each new directory is in the one above it.
    for (let at = path; at.length >= first.length; at = dirname(at)) syncDirectory(dirname(at));
  } catch (error) {
    throw writeFailed('make directory', path, error);
  }
}

async function durableRemove(path: string, scratch?: 'scratch'): Promise<void> {
  try {
    const kind = await kindOf(path);
    removeIfThere(unfinished(path));
    if (kind === undefined) return;
    if (kind === 'directory') rmdirSync(path);
    else unlinkSync(path);
    if (scratch === undefined) syncDirectory(dirname(path));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return;
    throw writeFailed('remove', path, error);
  }
}

/** What to do about a file system that takes nothing, by Node's error code. */
const REMEDIES: Readonly<Record<string, (directory: string) => string>> = {
  ENOSPC: (directory) => `Make room, and try again: df -h ${directory}`,
  EDQUOT: (directory) => `Make room, or raise the quota, and try again: df -h ${directory}`,
  EROFS: (directory) => `It is mounted read-only: mount -p, and df ${directory} says which file system it is`,
};

function writeFailed(verb: string, path: string, error: unknown): OperatorError {
  const code = errorCode(error) ?? 'unknown error';
  const remedy = REMEDIES[code]?.(dirname(path));
  return new OperatorError('WRITE_FAILED', `Cannot ${verb} "${path}": ${code}`, {
    cause: error,
    ...(remedy === undefined ? {} : { hint: remedy }),
  });
}

function syncDirectory(path: string): void {
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}

async function stampOf(path: string): Promise<string | undefined> {
  const status = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return status === undefined ? undefined : [status.ino, status.size, status.mtimeNs, status.ctimeNs].join('.');
}

async function listNames(path: string): Promise<string[]> {
  return ((await orMissing(async () => readdirSync(path))) ?? []).filter((name) => !name.startsWith('.')).sort();
}

/** Milliseconds: coarser than the times of any file system. */
const LATELY = 2000;

/** Eight thousand in 25 ms: times as doubles, which tell a quarter of a microsecond apart, cost a third of exact ones. */
async function listStamped(path: string): ReturnType<System['listStamped']> {
  const before = Date.now() - LATELY;
  return (await listNames(path)).map((name) => {
    const status = lstatSync(`${path}/${name}`, { throwIfNoEntry: false });
    if (status === undefined || !status.isFile() || status.ctimeMs > before) return [name, undefined];
    return [name, `${status.ino}.${status.size}.${status.mtimeMs}.${status.ctimeMs}`];
  });
}

async function attributesOf(path: string): ReturnType<System['attributesOf']> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  return status === undefined ? undefined : { mode: status.mode & 0o7777, uid: status.uid, gid: status.gid };
}

async function kindOf(path: string): ReturnType<System['kindOf']> {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (status === undefined) return undefined;
  if (status.isSymbolicLink()) return 'link';
  if (status.isDirectory()) return 'directory';
  return status.isFile() ? 'file' : 'other';
}
