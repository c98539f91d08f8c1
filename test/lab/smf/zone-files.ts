import {
  accessSync,
  appendFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** The files of one zone as it sees them: absolute paths in the zone. */
export interface ZoneFiles {
  /** Undefined when there is no such file. */
  read(path: string): string | undefined;
  /** Replaces the file; the directories above it are made. */
  write(path: string, text: string): void;
  append(path: string, text: string): void;
  exists(path: string): boolean;
  /** The files below a directory, as paths in the zone, sorted. Empty when there is no such directory. */
  below(directory: string, ending: string): readonly string[];
  /** Files directly in a directory. Empty when there is no such directory. */
  names(directory: string): readonly string[];
  /** Removes a file, a directory with what is in it, or a link, not what the link leads to. */
  remove(path: string): void;
  link(target: string, path: string): void;
}

const isMissing = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');

/** The result of a file operation, or `missing` when the file is not there. */
function unlessMissing<T>(run: () => T, missing: T): T {
  try {
    return run();
  } catch (error) {
    if (isMissing(error)) return missing;
    throw error;
  }
}

/** @param outer turns a path in the zone into one that labd can open. */
export function createZoneFiles(outer: (path: string) => string): ZoneFiles {
  /** The directories above a file are nearly always there: they are made when they turn out to be missing. */
  const put = (path: string, act: (file: string) => void): void => {
    try {
      act(outer(path));
    } catch (error) {
      if (!isMissing(error)) throw error;
      mkdirSync(outer(dirname(path)), { recursive: true });
      act(outer(path));
    }
  };
  // The directory entry itself: `outer` follows a link at the end of a path.
  const entry = (path: string): string => join(outer(dirname(path)), basename(path));
  return {
    read: (path) => unlessMissing(() => readFileSync(outer(path), 'utf8'), undefined),
    write: (path, text) => put(path, (file) => writeFileSync(file, text)),
    append: (path, text) => put(path, (file) => appendFileSync(file, text)),
    exists: (path) =>
      unlessMissing(() => {
        accessSync(outer(path));
        return true;
      }, false),
    below: (directory, ending) =>
      unlessMissing(() => readdirSync(outer(directory), { recursive: true, withFileTypes: true }), [])
        .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
        .map((entry) => `${directory}${`${entry.parentPath}/${entry.name}`.slice(outer(directory).length)}`)
        .sort(),
    names: (directory) => unlessMissing(() => readdirSync(outer(directory)), []).sort(),
    remove: (path) => rmSync(entry(path), { recursive: true, force: true }),
    link: (target, path) => {
      mkdirSync(outer(dirname(path)), { recursive: true });
      rmSync(entry(path), { force: true });
      symlinkSync(target, entry(path));
    },
  };
}
