// Starts the outer namespaces and labd, and ends them (lab.md part 2).
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, watch, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import type { ClientKind } from './client/choose.ts';
import { chooseClient } from './client/choose.ts';
import type { LabConfig } from './daemon/main.ts';
import type { PhysicalLink } from './kernel/links.ts';
import { makeRunDirectory, removeRunDirectory, removeStaleRunDirectories } from './run-directory.ts';

/** userns: root over 65536 ids of a user namespace. rootless: an ordinary user, one id. plain: real root. */
export type Mode = 'userns' | 'rootless' | 'plain';

export interface BringUp {
  readonly mode: Mode;
  readonly run: string;
  /** The process that everything below dies with. */
  readonly pid: number;
  /** Ends the lab and removes its run directory. */
  end(): Promise<void>;
}

export interface BringUpOptions {
  readonly mode?: Mode;
  readonly client?: ClientKind;
  /** The physical links of the host; missing is e1000g0 with a cable in. */
  readonly physicalLinks?: readonly PhysicalLink[];
}

/** The clone: where build/ is. */
export const repository = (): string => process.env['ZONENET_ROOT'] ?? process.cwd();

function readyOrDead(run: string, child: ChildProcess): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const done = (ready: boolean) => {
      watcher.close();
      resolve(ready);
    };
    const look = () => {
      if (existsSync(join(run, 'ready'))) done(true);
    };
    const watcher = watch(run, look);
    child.once('exit', () => done(false));
    child.once('error', reject);
    look();
  });
}

async function tryMode(mode: Mode, options: BringUpOptions): Promise<BringUp> {
  const root = repository();
  const run = makeRunDirectory();
  const client = chooseClient(root, run, options.client);
  const software = join(root, 'build/opt/zonenet');
  const config: LabConfig = {
    client,
    node: process.execPath,
    ...(existsSync(software) ? { software } : {}),
    ...(options.physicalLinks === undefined ? {} : { physicalLinks: options.physicalLinks }),
  };
  writeFileSync(join(run, 'config.json'), JSON.stringify(config));
  const log = openSync(join(run, 'log'), 'a', 0o600);
  const { NODE_EXTRA_CA_CERTS: _ca, NODE_OPTIONS: _options, ...env } = process.env;
  const labd = [process.execPath, '--enable-source-maps', join(root, 'build/lab/labd.cjs'), run];
  const child = spawn(client, ['launch', mode, String(process.pid), run, ...labd], {
    argv0: 'lab',
    detached: true,
    // Node hands this one on to its children unless they have a value of their own.
    env: { ...env, NODE_V8_COVERAGE: '' },
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  const remove = () => removeRunDirectory(run);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  if (!(await readyOrDead(run, child))) {
    const words = readFileSync(join(run, 'log'), 'utf8');
    remove();
    throw new Error(`the lab did not come up (${mode}):\n${words}`);
  }
  // The lab must not keep its runner alive; the runner's end is the lab's.
  child.unref();
  if (child.stdin instanceof Socket) child.stdin.unref();
  process.once('exit', remove);
  return {
    mode,
    run,
    pid: child.pid ?? 0,
    async end() {
      child.ref();
      child.stdin?.destroy();
      if (child.exitCode === null && child.signalCode === null) await ended;
      process.off('exit', remove);
      remove();
    },
  };
}

/**
 * Brings a lab up. Root gets a user namespace, and where that does not work its real self with the machine read-only.
 *
 * @throws {Error} with labd's log when it does not come up
 */
export async function bringUp(options: BringUpOptions): Promise<BringUp> {
  removeStaleRunDirectories();
  if (options.mode !== undefined) return await tryMode(options.mode, options);
  if (process.getuid?.() !== 0) return await tryMode('rootless', options);
  try {
    return await tryMode('userns', options);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\nlab: going on as real root\n`);
    return await tryMode('plain', options);
  }
}
