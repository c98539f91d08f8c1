// labd: one for each lab, started by `lab launch` in the lab's outer namespaces (lab.md part 1). Its stdin is the lease.
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { startIpf } from '../ipfilter/stack.ts';
import { startStack } from '../kernel/ip-stack.ts';
import { createKernel, makeNetworkNamespaces } from '../kernel/kernel.ts';
import { createLinks, type PhysicalLink } from '../kernel/links.ts';
import { mustRun } from '../kernel/run-program.ts';
import '../kernel/dump-files.ts';
import { createGlobalRoot, createStandIns } from '../kernel/roots.ts';
import { startGlobalZone } from '../kernel/zone-process.ts';
import { provideSockets } from '../kernel/zone-sockets.ts';
import { createOutside } from '../outside/wire.ts';
import { createSmf } from '../smf/restarter.ts';
import { listenForControl } from './control.ts';
import type { Caller, Dispatcher } from './dispatch.ts';
import { createDispatcher } from './dispatch.ts';
import { createFaultTable } from './faults.ts';
import { createRecorder } from './record.ts';
import { listenForZone } from './stand-ins.ts';
import type { Lab, Links, Smf, Zone } from './state.ts';

/** What `startLab` tells labd, as RUN/config.json. */
export interface LabConfig {
  /** Path of the compiled lab.c, or of lab.pl. */
  readonly client: string;
  readonly node: string;
  /** build/opt/zonenet; missing when it is not built. */
  readonly software?: string;
  /** Missing: e1000g0. */
  readonly physicalLinks?: readonly PhysicalLink[];
}

/** The environment a stand-in has when labd itself calls it: a method's (§6.3). */
const INTERNAL_ENVIRONMENT = { PATH: '/usr/sbin:/usr/bin', LC_ALL: 'C' };

const globalZone = (): Zone => ({
  name: 'global',
  id: 0,
  state: 'running',
  config: {
    zonepath: '/',
    brand: 'ipkg',
    autoboot: false,
    ipType: 'shared',
    globals: new Map(),
    nets: [],
    filesystems: [],
    attributes: [],
    rctls: [],
  },
  root: '/',
});

/** Parts that are made with the lab in hand; none of them asks for another while it is made. */
interface Parts {
  links?: Links;
  smf?: Smf;
}

function createLab(
  { client }: LabConfig,
  run: string,
  clock: { offset: number },
  parts: Parts,
  call: Lab['call'],
): Lab {
  const global = globalZone();
  const made = <T>(part: T | undefined): T => {
    if (part === undefined) throw new Error('this part of the lab is not made yet');
    return part;
  };
  return {
    run,
    global,
    zones: new Map([[global.name, global]]),
    kernel: createKernel(join(run, 'lab'), !client.endsWith('.pl')),
    get links() {
      return made(parts.links);
    },
    get smf() {
      return made(parts.smf);
    },
    call,
    notModelled: [],
    switches: new Map<string, string>(),
    now: () => Date.now() + clock.offset,
  };
}

async function internalCall(
  dispatch: Dispatcher,
  zone: Zone,
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
) {
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  const [program = '', ...args] = argv;
  let killed = false;
  const caller: Caller = {
    zone,
    argv: [program.slice(program.lastIndexOf('/') + 1), ...args],
    cwd: '/',
    uid: 0,
    env,
    pid: 0,
    internal: true,
    readStdin: async () => Buffer.alloc(0),
    out: (data) => stdout.push(data),
    err: (data) => stderr.push(data),
    // labd does not kill itself: the method that would have made the call is what dies.
    kill: () => {
      killed = true;
    },
  };
  const answer = await dispatch(caller);
  // Whoever waits died with the zone, or hangs.
  if (answer === 'lost' && !killed) return await new Promise<never>(() => {});
  return {
    status: typeof answer === 'number' ? answer : 137,
    stdout: Buffer.concat(stdout).toString('utf8'),
    stderr: Buffer.concat(stderr).toString('utf8'),
  };
}

/** The global zone's own services, lo0 among them, are there before the first program runs. */
async function globalServicesSettled(lab: Lab) {
  const smf = lab.smf.of(lab.global);
  while (smf !== undefined && smf.startd === undefined) await setImmediate();
  await smf?.startd?.settled();
}

/** The files of all zones lie in memory: a disk takes a second to make the directories of ten of them. */
async function mountRoot(run: string) {
  const root = join(run, 'root');
  mkdirSync(root);
  await mustRun(['mount', '-t', 'tmpfs', '-o', 'mode=755', 'tmpfs', root]);
}

async function start(run: string) {
  const config = JSON.parse(readFileSync(join(run, 'config.json'), 'utf8')) as LabConfig;
  createStandIns(run, config.client);
  await mountRoot(run);
  createGlobalRoot(run);
  mkdirSync(join(run, 's'));
  await makeNetworkNamespaces(['sw', 'inet', 'z0']);

  const clock = { offset: 0 };
  const faults = createFaultTable();
  const recorder = createRecorder(join(run, 'calls.jsonl'));
  const parts: Parts = {};
  const lab = createLab(config, run, clock, parts, (zone, argv, env = {}) =>
    internalCall(dispatch, zone, argv, { ...INTERNAL_ENVIRONMENT, ...env }),
  );
  parts.links = await createLinks(lab, config.physicalLinks);
  parts.smf = createSmf(lab);
  const dispatch = createDispatcher(lab, faults, recorder);
  provideSockets((zone) => listenForZone(lab, zone, dispatch));

  await listenForZone(lab, lab.global, dispatch);
  await startGlobalZone(lab, lab.global, { run, ...config });
  await startStack(lab, lab.global);
  await startIpf(lab, lab.global);
  await createOutside(lab);
  await lab.smf.boot(lab.global);
  await globalServicesSettled(lab);
  await listenForControl({
    lab,
    faults,
    recorder,
    setClock(offset) {
      clock.offset = offset;
    },
  });
  writeFileSync(join(run, 'ready.tmp'), '');
  renameSync(join(run, 'ready.tmp'), join(run, 'ready'));
}

const run = process.argv[2] ?? '';
// The end of the lease is the end of the lab: the outer init takes everything along.
process.stdin.on('end', () => process.exit(0)).resume();
process.on('uncaughtException', (error) => {
  appendFileSync(join(run, 'log'), `labd: ${error.stack}\n`);
  process.exit(1);
});
process.umask(0o022);
process.env['PATH'] = '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin';
void start(run);
