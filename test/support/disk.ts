// A disk that remembers in which order it was written, in place of Node's: so that power cuts can be played.
//
// The product's own code runs on it. Names in a directory are on disk once the directory was synced, the bytes of a file
// once the file was; what was not may be there or not, each by itself. That is what POSIX promises, and no more.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename, dirname } from 'node:path';

/** What is under these is on this disk. */
const MANAGED = ['/etc/zonenet', '/var/zonenet'];
/** Directories that are there and never go. */
const GIVEN = ['/', '/etc', '/var', '/var/run', '/var/run/zonenet'];

export const isOnDisk = (path: string) => MANAGED.some((top) => path === top || path.startsWith(`${top}/`));

/** Open files of this disk have numbers above it, which no others have. */
const FIRST_FILE = 1_000_000;

/** A file by its number, so that it keeps its bytes when it is renamed; or a directory. */
type Entry = { readonly kind: 'directory' } | { readonly kind: 'file'; readonly inode: number };

/** One thing that happened, in order. Names are whole paths: a directory is its path. */
export type DiskEvent =
  | { readonly event: 'name'; readonly path: string; readonly entry: Entry | undefined; readonly from?: string }
  | { readonly event: 'bytes'; readonly inode: number; readonly content: string }
  | { readonly event: 'sync-file'; readonly inode: number }
  | { readonly event: 'sync-directory'; readonly path: string }
  /** Something outside the disk changed: a program ran. */
  | { readonly event: 'world' };

/** Files with their content, and directories. */
export interface DiskState {
  readonly files: ReadonlyMap<string, string>;
  readonly directories: ReadonlySet<string>;
}

/** Makes an operation on a path fail with an errno, as a full disk does; undefined: it works. */
export type DiskFault = (operation: 'write' | 'remove', path: string) => string | undefined;

const failure = (code: string, path: string) => Object.assign(new Error(`${code}: ${path}`), { code });

export type Disk = ReturnType<typeof createDisk>;

/** A disk that holds this and has forgotten how it came to. */
export function createDisk(start: DiskState) {
  const names = new Map<string, Entry>();
  const bytes = new Map<number, string>();
  const events: DiskEvent[] = [];
  let [inodes, fault] = [0, (() => undefined) as DiskFault];

  function put(content: string): Entry {
    inodes += 1;
    bytes.set(inodes, content);
    return { kind: 'file', inode: inodes };
  }
  for (const path of [...GIVEN, ...start.directories]) names.set(path, { kind: 'directory' });
  for (const [path, content] of start.files) names.set(path, put(content));
  const base = { names: new Map(names), bytes: new Map(bytes) };

  const needDirectory = (path: string) => {
    if (names.get(dirname(path))?.kind !== 'directory') throw failure('ENOENT', path);
  };
  const check = (operation: 'write' | 'remove', path: string) => {
    const code = fault(operation, path);
    if (code !== undefined) throw failure(code, path);
  };
  function name(path: string, entry: Entry | undefined, from?: string): void {
    if (entry === undefined) names.delete(path);
    else names.set(path, entry);
    if (from !== undefined) names.delete(from);
    events.push({ event: 'name', path, entry, ...(from === undefined ? {} : { from }) });
  }
  const inside = (path: string) => [...names.keys()].filter((other) => other !== '/' && dirname(other) === path);
  const find = (path: string): Entry => {
    const entry = names.get(path);
    if (entry === undefined) throw failure('ENOENT', path);
    return entry;
  };
  function status(path: string) {
    const { kind } = find(path);
    return { isSymbolicLink: () => false, isDirectory: () => kind === 'directory', isFile: () => kind === 'file' };
  }

  const open = new Map<number, { readonly path?: string; readonly inode?: number }>();
  let opened = FIRST_FILE;
  function openAs(what: { readonly path?: string; readonly inode?: number }): number {
    opened += 1;
    open.set(opened, what);
    return opened;
  }
  function openedAs(file: number) {
    const what = open.get(file);
    if (what === undefined) throw failure('EBADF', `${file}`);
    return what;
  }
  function fileOf(file: number) {
    const { inode } = openedAs(file);
    if (inode === undefined) throw failure('EISDIR', `${file}`);
    return { inode };
  }

  /** Node's functions, for paths and open files of this disk. What is missing here is refused there. */
  const functions = {
    openSync(path: string, flags: string | number, _mode?: number) {
      if (flags !== 'wx') {
        const entry = find(path);
        if (entry.kind === 'directory') return openAs({ path });
        if ((Number(flags) & fs.constants.O_DIRECTORY) !== 0) throw failure('ENOTDIR', path);
        return openAs({ inode: entry.inode });
      }
      needDirectory(path);
      if (names.has(path)) throw failure('EEXIST', path);
      check('write', path);
      const entry = put('');
      name(path, entry);
      return openAs({ inode: inodes });
    },
    writeFileSync(file: number, content: string) {
      const { inode } = fileOf(file);
      bytes.set(inode, content);
      events.push({ event: 'bytes', inode, content });
    },
    fchmodSync: (file: number) => void fileOf(file),
    fsyncSync(file: number) {
      const opened = openedAs(file);
      if (opened.path !== undefined) events.push({ event: 'sync-directory', path: opened.path });
      else events.push({ event: 'sync-file', inode: fileOf(file).inode });
    },
    fstatSync(file: number) {
      const isFile = openedAs(file).inode !== undefined;
      return { isFile: () => isFile, isDirectory: () => !isFile, isCharacterDevice: () => false };
    },
    closeSync(file: number) {
      openedAs(file);
      open.delete(file);
    },
    renameSync(from: string, to: string) {
      check('write', to);
      if (dirname(from) !== dirname(to)) throw new Error(`the disk renames within a directory only: ${from} ${to}`);
      name(to, find(from), from);
    },
    mkdirSync(path: string) {
      const made: string[] = [];
      for (let at = path; names.get(at)?.kind !== 'directory'; at = dirname(at)) made.unshift(at);
      for (const one of made) {
        check('write', one);
        name(one, { kind: 'directory' });
      }
      return made[0];
    },
    rmSync(path: string) {
      if (!names.has(path)) return;
      check('remove', path);
      name(path, undefined);
    },
    unlinkSync(path: string) {
      find(path);
      check('remove', path);
      name(path, undefined);
    },
    rmdirSync(path: string) {
      if (inside(path).length > 0) throw failure('ENOTEMPTY', path);
      find(path);
      check('remove', path);
      name(path, undefined);
    },
    // Stamps are not kept: every file was changed this moment.
    lstatSync: (path: string) => (names.has(path) ? { ...status(path), ctimeMs: Number.POSITIVE_INFINITY } : undefined),
    readFileSync: (file: number) => bytes.get(fileOf(file).inode) ?? '',
    readdirSync(path: string) {
      find(path);
      return inside(path).map((other) => basename(other));
    },
  };

  return {
    functions,
    events,
    base,
    /** What a program sees. */
    state: (): DiskState => stateOf(names, bytes),
    /** Notes that a program changed something. */
    world: () => void events.push({ event: 'world' }),
    fail(next: DiskFault): void {
      fault = next;
    },
  };
}

/** What can be reached from the top. */
export function stateOf(names: ReadonlyMap<string, Entry>, bytes: ReadonlyMap<number, string>): DiskState {
  const reachable = (path: string): boolean =>
    path === '/' || (names.get(dirname(path))?.kind === 'directory' && reachable(dirname(path)));
  const files = new Map<string, string>();
  const directories = new Set<string>();
  for (const [path, entry] of [...names].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (!isOnDisk(path) || !reachable(path)) continue;
    if (entry.kind === 'file') files.set(path, bytes.get(entry.inode) ?? '');
    else directories.add(path);
  }
  return { files, directories };
}

/** Runs work with a disk in place of Node's for what is on it. One at a time. */
export async function onDisk<T>(disk: Disk, work: () => Promise<T>): Promise<T> {
  const undo: (() => void)[] = [];
  for (const [where, of] of [
    [fs.promises as unknown as Record<string, unknown>, 'promises'],
    [fs as unknown as Record<string, unknown>, 'fs'],
  ] as const) {
    for (const [key, original] of Object.entries(where)) {
      if (typeof original !== 'function' || /^[A-Z_]/.test(key)) continue;
      const own = (of === 'fs' ? disk.functions : {})[key as keyof typeof disk.functions];
      where[key] = (...args: unknown[]) => {
        const [what] = args;
        const isOurs =
          typeof what === 'number'
            ? what > FIRST_FILE
            : typeof what === 'string' && (isOnDisk(what) || (key === 'openSync' && GIVEN.includes(what)));
        if (!isOurs) return (original as (...all: unknown[]) => unknown).apply(where, args);
        if (own === undefined) throw new Error(`the disk has no ${of}.${key} (${what})`);
        return (own as (...all: unknown[]) => unknown)(...args);
      };
      undo.push(() => {
        where[key] = original;
      });
    }
  }
  syncBuiltinESMExports();
  try {
    return await work();
  } finally {
    for (const one of undo) one();
    syncBuiltinESMExports();
  }
}
