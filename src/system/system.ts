import type { Command, CommandResult } from '../illumos/command.ts';
import type { FileContent } from '../plan/step.ts';

export interface FileAttributes {
  /** Like 0o644. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** All that touches the world. The real one is made by `createNodeSystem`, tests have one that remembers. */
export interface System {
  /** Runs a program with a clean environment and a deadline. Never rejects for how the program ended. */
  run(command: Command): Promise<CommandResult>;
  /**
   * The text of a plain file, none of /dev/null; undefined when it is not there. A link is followed.
   *
   * @throws {OperatorError} FILE_REFUSED for a directory, for a pipe or a device, which may never end, and for what cannot be read
   */
  readFile(path: string): Promise<string | undefined>;
  /** The first so many bytes of a file, or as many as it has; else as `readFile`. */
  readHead(path: string, bytes: number): Promise<string | undefined>;
  /**
   * Replaces a file by rename: complete or not at all, on disk when this resolves. The directory must be there.
   * A link at the path itself is replaced, not followed. What is scratch does not wait for the disk.
   *
   * @throws {OperatorError} WRITE_FAILED
   */
  writeFile(file: FileContent): Promise<void>;
  /**
   * Replaces files of one directory by renames, one right after the other, when all are on disk. On failure none is
   * replaced, unless a rename itself failed.
   *
   * @throws {OperatorError} WRITE_FAILED
   */
  writeFiles(files: readonly FileContent[]): Promise<void>;
  /** Makes a directory and those above it, durably. Being there already is success. */
  makeDirectory(path: string, mode: number): Promise<void>;
  /**
   * Removes a file or an empty directory, durably unless it is scratch, and what a killed run left of the file. Being
   * gone already is success.
   *
   * @throws {OperatorError} WRITE_FAILED
   */
  remove(path: string, scratch?: 'scratch'): Promise<void>;
  /** Names in a directory, sorted, without what is begun with "."; empty when it is not there. */
  list(path: string): Promise<string[]>;
  /**
   * Paths of the files in a directory that are being written, sorted: by a run that is at it, or that was killed.
   * Empty when the directory is not there.
   */
  cutOff(path: string): Promise<string[]>;
  /** What is at a path, links not followed; undefined when nothing is. */
  kindOf(path: string): Promise<'file' | 'directory' | 'link' | 'other' | undefined>;
  /**
   * Changes whenever a file is written or replaced: its number, size and times, links not followed. Undefined when it
   * is not there.
   */
  stampOf(path: string): Promise<string | undefined>;
  /**
   * Names in a directory as `list` gives them, each with a stamp as of `stampOf`; empty when the directory is not there.
   * The stamp is undefined where a file was changed so lately that another change might leave it the same.
   */
  listStamped(path: string): Promise<readonly (readonly [name: string, stamp: string | undefined])[]>;
  /** Adds to a file that may be lost at any time, in a directory that is there. Readers may find its end cut off. */
  appendNotes(path: string, text: string): Promise<void>;
  /** Permission bits and owner of what is at a path, links not followed; undefined when nothing is. */
  attributesOf(path: string): Promise<FileAttributes | undefined>;
  /** One line of progress, for people: stderr on the host, the service's log in a zone. */
  log(line: string): void;
  /** Milliseconds of a clock that never steps. */
  monotonic(): number;
  sleep(milliseconds: number): Promise<void>;
}
