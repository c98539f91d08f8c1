// A zone's init and its contracts (lab.md part 4).
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { rmSync, symlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { formatStrings } from '../daemon/protocol.ts';
import type { Contract, Lab, MethodRun, Zone, ZoneProcess } from '../daemon/state.ts';
import { checkMountPoints, fileSystemMounts } from './file-systems.ts';
import type { GlobalSources, Mount } from './mounts.ts';
import { globalMounts, zoneMounts } from './mounts.ts';
import { openSocket } from './zone-sockets.ts';

interface Init {
  readonly name: string;
  /** A network namespace that has a name already; missing: a new one. */
  readonly netns?: string;
  /** pid of the global zone's init; missing for itself. */
  readonly global?: number;
  /** The root as the global zone sees it; for itself, as the machine does. */
  readonly root: string;
  readonly mounts: readonly Mount[];
}

/** An open promise. */
function open<T>() {
  let resolve: (value: T) => void = () => {};
  let reject: (error: Error) => void = () => {};
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  // Nobody may be listening when it fails; who does listen still hears it.
  promise.catch(() => {});
  return { promise, resolve, reject };
}

interface Held {
  readonly started: ReturnType<typeof open<void>>;
  readonly ended: ReturnType<typeof open<Awaited<Contract['ended']>>>;
  readonly empty: ReturnType<typeof open<void>>;
  over: boolean;
}

const signalName = (number: number): string =>
  Object.entries(constants.signals).find(([, value]) => value === number)?.[0] ?? `SIG${number}`;

const signalNumber = (name: string): number => {
  const number = (constants.signals as Readonly<Record<string, number>>)[name];
  if (number === undefined) throw new Error(`no signal "${name}"`);
  return number;
};

/** What the holder of a contract reports: S started, F could not, M the method ended, C a member was killed, E empty. */
function hear(contracts: Map<number, Held>, kind: string, words: readonly string[]) {
  const id = Number(words[0]);
  const held = contracts.get(id);
  if (held === undefined) throw new Error(`report of contract ${words[0]}, which is none`);
  if (kind === 'S') held.started.resolve();
  if (kind === 'F') held.started.reject(new Error(words.slice(1).join(' ')));
  if (kind === 'M') {
    const value = Number(words[2]);
    held.ended.resolve(words[1] === 'signal' ? { signal: signalName(value) } : { status: value });
  }
  if (kind !== 'E' && kind !== 'F') return;
  held.over = true;
  held.empty.resolve();
  contracts.delete(id);
}

/** The zone is gone: every method in it was killed, and who was just starting one (its svc.startd) with them. */
function bury(contracts: Map<number, Held>) {
  for (const held of contracts.values()) {
    held.over = true;
    held.ended.resolve({ signal: 'SIGKILL' });
    held.empty.resolve();
  }
  contracts.clear();
}

let lastContract = 0;

function startContract(control: Duplex, contracts: Map<number, Held>, what: MethodRun): Promise<Contract> {
  lastContract += 1;
  const id = lastContract;
  const held: Held = { started: open(), ended: open(), empty: open(), over: false };
  contracts.set(id, held);
  const env = Object.entries(what.env).map(([name, value]) => `${name}=${value}`);
  control.write(
    formatStrings([
      'run',
      id,
      what.uid,
      what.gid,
      what.cwd,
      what.log,
      env.length,
      ...env,
      what.argv.length,
      ...what.argv,
    ]),
  );
  const contract: Contract = {
    id,
    ended: held.ended.promise,
    empty: held.empty.promise,
    kill(signal) {
      if (!held.over) control.write(formatStrings(['kill', id, signalNumber(signal)]));
    },
  };
  return held.started.promise.then(() => contract);
}

interface Running {
  readonly process: ZoneProcess;
  /** Resolves when the init and all below it are gone. */
  readonly gone: Promise<void>;
}

/** Starts the init and waits until it says both that it is there ("P pid") and that its root is ready ("R"). */
async function startInit(client: string, { name, netns = '-', global, root, mounts }: Init): Promise<Running> {
  const child: ChildProcess = spawn(client, ['zone', name, netns, global === undefined ? '-' : String(global), root], {
    stdio: ['pipe', 'inherit', 'inherit', 'pipe'],
  });
  const control = child.stdio[3] as Duplex;
  const contracts = new Map<number, Held>();
  const ready = open<void>();
  const gone = open<void>();
  let pid = 0;
  let rooted = false;
  let trouble = `init of zone "${name}" ended early`;
  createInterface(control).on('line', (line) => {
    const [kind = '', ...words] = line.split(' ');
    if (kind === 'P') pid = Number(words[0]);
    else if (kind === 'R') rooted = true;
    else if (kind === 'E' && !rooted) trouble = words.join(' ');
    else hear(contracts, kind, words);
    if (pid > 0 && rooted) ready.resolve();
  });
  control.on('error', () => {});
  child.stdin?.on('error', () => {});
  child.stdin?.end(
    mounts.flatMap(({ kind, source, target, options }) => `${kind}\0${source}\0${target}\0${options}\0`).join(''),
  );
  child.on('error', (error) => ready.reject(error));
  child.on('close', () => {
    ready.reject(new Error(trouble));
    bury(contracts);
    gone.resolve();
  });
  await ready.promise;
  const halt = async () => {
    if (child.exitCode === null && child.signalCode === null) process.kill(pid, 'SIGKILL');
    await gone.promise;
  };
  return {
    process: { pid, start: (what) => startContract(control, contracts, what), halt },
    gone: gone.promise,
  };
}

const clientOf = (lab: Pick<Lab, 'run'>) => join(lab.run, 'lab');

/** Brings the global zone up: it has an own root and network, and shares labd's pid space. */
export async function startGlobalZone(lab: Pick<Lab, 'run'>, zone: Zone, sources: GlobalSources): Promise<void> {
  const root = join(lab.run, 'root');
  const { process } = await startInit(clientOf(lab), { name: 'lab', netns: 'z0', root, mounts: globalMounts(sources) });
  zone.process = process;
  zone.netns = 'z0';
}

const lastZoneId = new WeakMap<Lab, number>();

/** A zone id is new at every boot (§10.4.51). */
function nextZoneId(lab: Lab): number {
  const id = (lastZoneId.get(lab) ?? 0) + 1;
  lastZoneId.set(lab, id);
  return id;
}

/**
 * Makes the namespaces and the init of a zone, mounts its root and the `fs` resources of its configuration,
 * gives it an id (zone.id) and names its network namespace (zone.netns). No link is in it yet.
 * zone.process.halt() takes all of that back.
 *
 * @throws {MountRefused} when an `fs` resource cannot be mounted (§4.4); nothing is left then
 */
export async function startZone(lab: Lab, zone: Zone): Promise<ZoneProcess> {
  if (zone.process !== undefined) throw new Error(`zone "${zone.name}" is up`);
  const global = lab.global.process?.pid;
  if (global === undefined) throw new Error('the global zone is down');
  const mounts = zoneMounts(zone.name, fileSystemMounts(lab, zone));
  checkMountPoints(lab, zone, mounts);
  const socket = await openSocket(zone);
  const { process, gone } = await startInit(clientOf(lab), { name: zone.name, global, root: zone.root, mounts }).catch(
    (error: unknown) => {
      socket.close();
      throw error;
    },
  );
  zone.id = nextZoneId(lab);
  const netns = `z${zone.id}`;
  const name = `/run/netns/${netns}`;
  symlinkSync(`/proc/${process.pid}/ns/net`, name);
  zone.netns = netns;
  zone.process = {
    ...process,
    async halt() {
      // First of all nobody may reach into its files any more: /proc/PID is about to go.
      delete zone.process;
      await process.halt();
      await gone;
      socket.close();
      rmSync(name, { force: true });
      delete zone.netns;
      delete zone.id;
    },
  };
  return zone.process;
}
