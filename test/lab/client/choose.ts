// The client program of a lab: lab.c compiled and kept, or lab.pl where there is no compiler.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  accessSync,
  chmodSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
} from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

export type ClientKind = 'c' | 'perl';

/** build/ may belong to somebody else than who runs; then the user's own cache. */
function cacheDirectories(repository: string): string[] {
  return [join(repository, 'build/lab'), join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'zonenet')];
}

function isWritable(directory: string): boolean {
  try {
    mkdirSync(directory, { recursive: true });
    accessSync(directory, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Undefined when this machine has no compiler that makes static programs. */
function compile(source: string, target: string): string | undefined {
  const partial = `${target}.${process.pid}`;
  const { status } = spawnSync('cc', ['-static', '-O1', '-o', partial, source], { stdio: 'ignore' });
  if (status !== 0) return undefined;
  renameSync(partial, target);
  return target;
}

function compiled(repository: string, fallback: string): string | undefined {
  const source = join(repository, 'test/lab/client/lab.c');
  const hash = createHash('sha256').update(readFileSync(source)).update(process.arch).digest('hex').slice(0, 16);
  const directories = cacheDirectories(repository);
  const targets = directories.map((directory) => join(directory, `client-${hash}`));
  const kept = targets.find((target) => existsSync(target));
  if (kept !== undefined) return kept;
  return compile(source, join(directories.find(isWritable) ?? fallback, `client-${hash}`));
}

/**
 * The path of a client. `run` is where it goes when nothing else can be written.
 *
 * @throws {Error} when C was asked for and there is no compiler
 */
export function chooseClient(repository: string, run: string, kind?: ClientKind): string {
  const program = kind === 'perl' ? undefined : compiled(repository, run);
  if (program !== undefined) return program;
  if (kind === 'c') throw new Error('no C compiler that makes static programs');
  const script = join(run, 'lab.pl');
  copyFileSync(join(repository, 'test/lab/client/lab.pl'), script);
  chmodSync(script, 0o755);
  return script;
}
