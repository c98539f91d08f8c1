// Network namespaces without labd: zones that are a namespace and nothing more, for tests of the IP stack alone.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CallResult, Program } from '../daemon/call.ts';
import type { Kernel, Lab, Zone } from '../daemon/state.ts';
import { startStack, stopStack } from '../kernel/ip-stack.ts';
import { createLinks } from '../kernel/links.ts';

export interface BareLab {
  readonly lab: Lab;
  /** Makes a zone, its namespace and its stack. */
  zone(name: string): Promise<Zone>;
  /** Halts the stack and gives the zone a new namespace with the same links. */
  reboot(zone: Zone): Promise<void>;
  /** Runs a stand-in in a zone, as root. */
  run(zone: Zone, program: Program, ...args: string[]): Promise<CallResult>;
  /** What `lab.call` answers, by the joined words. Nothing else may be called. */
  readonly answers: Map<string, CallResult>;
  readonly called: string[];
  stop(): Promise<void>;
}

const PREPARE = 'mount --make-rprivate / && mount -t tmpfs tmpfs /run && mkdir /run/netns && echo ready && exec cat';

/** Ends by itself when the test does: the namespaces hang on a process that reads our pipe. */
export async function startBareLab(): Promise<BareLab> {
  const isRoot = process.getuid?.() === 0;
  const flags = isRoot ? ['-mn'] : ['-Urmn'];
  const holder = spawn('unshare', [...flags, 'sh', '-c', PREPARE], { stdio: ['pipe', 'pipe', 'inherit'] });
  await once(holder.stdout, 'data');
  const enter = ['-t', String(holder.pid), '-m', '-n', ...(isRoot ? [] : ['-U', '--preserve-credentials'])];
  const kernel = kernelOf((argv, stdin) => runProgram('nsenter', [...enter, '--', ...argv], stdin));
  for (const name of ['sw', 'inet']) await kernel.exec('', ['ip', 'netns', 'add', name]);
  return assemble(kernel, holder, await mkdtemp(join(tmpdir(), 'bare-lab-')));
}

async function assemble(kernel: Kernel, holder: ChildProcess, run: string): Promise<BareLab> {
  const answers = new Map<string, CallResult>();
  const called: string[] = [];
  const global = bareZone('global', 0);
  const unmade = new Error('a bare lab has no SMF');
  const refuse = () => Promise.reject(unmade);
  const parts = {
    run,
    global,
    zones: new Map([['global', global]]),
    kernel,
    smf: { install: refuse, boot: refuse, halt: refuse, shutdown: refuse, uninstall: refuse, of: () => undefined },
    call: async (_zone: Zone, argv: readonly string[]) => {
      called.push(argv.join(' '));
      const answer = answers.get(argv.join(' '));
      if (answer === undefined) throw new Error(`no answer to ${argv.join(' ')}`);
      return answer;
    },
    notModelled: [],
    switches: new Map<string, string>(),
    now: () => Date.now(),
  };
  const lab: Lab = { ...parts, links: await createLinks(parts) };
  const boot = async (zone: Zone) => {
    zone.netns = `z${zone.id ?? 0}`;
    await kernel.exec('', ['ip', 'netns', 'add', zone.netns]);
    await startStack(lab, zone);
    return zone;
  };
  await boot(global);
  return {
    lab,
    answers,
    called,
    zone: (name) => {
      const zone = bareZone(name, lab.zones.size);
      lab.zones.set(name, zone);
      return boot(zone);
    },
    async reboot(zone) {
      const links = lab.links.lentTo(zone);
      stopStack(zone);
      await lab.links.takeBack(zone);
      await kernel.exec('', ['ip', 'netns', 'del', zone.netns ?? '']);
      await boot(zone);
      for (const link of links) await lab.links.lend(link, zone);
    },
    run: (zone, program, ...args) => runStandIn(lab, zone, program, args),
    async stop() {
      holder.stdin?.end();
      if (holder.exitCode === null) await once(holder, 'exit');
      await rm(run, { recursive: true });
    },
  };
}

const bareZone = (name: string, id: number): Zone => ({
  name,
  id,
  state: 'running',
  root: '/',
  config: {
    zonepath: `/zones/${name}`,
    brand: 'ipkg',
    autoboot: false,
    ipType: 'exclusive',
    globals: new Map(),
    nets: [],
    filesystems: [],
    attributes: [],
    rctls: [],
  },
});

async function runStandIn(lab: Lab, zone: Zone, program: Program, args: readonly string[]): Promise<CallResult> {
  const output = { stdout: '', stderr: '' };
  const ending = await program(
    {
      program: '',
      args,
      zone,
      cwd: '/',
      uid: 0,
      env: {},
      stdin: async () => Buffer.alloc(0),
      out: (text) => {
        output.stdout += text.toString();
      },
      err: (text) => {
        output.stderr += text;
      },
    },
    lab,
  );
  if (typeof ending !== 'number') throw new Error('the stand-in wants to become another program');
  return { status: ending, ...output };
}

type Run = (argv: readonly string[], stdin?: string) => Promise<CallResult>;

function kernelOf(run: Run): Kernel {
  const must = async (argv: readonly string[], stdin?: string) => {
    const { status, stdout, stderr } = await run(argv, stdin);
    if (status !== 0) throw new Error(`${argv.join(' ')}: ${stderr}\n${stdin ?? ''}`);
    return stdout;
  };
  const inside = (netns: string, argv: readonly string[]) =>
    netns === '' ? argv : ['ip', 'netns', 'exec', netns, ...argv];
  return {
    ip: async (netns, lines) => {
      await must(['ip', '-n', netns, '-batch', '-'], `${lines.join('\n')}\n`);
    },
    ipJson: async (netns, args) => {
      const text = await must(['ip', '-n', netns, '-j', ...args]);
      return text.trim() === '' ? [] : (JSON.parse(text) as unknown[]);
    },
    nft: async (netns, script) => {
      await must(inside(netns, ['nft', '-f', '-']), script);
    },
    nftJson: async (netns, args) => JSON.parse(await must(inside(netns, ['nft', '-j', ...args]))) as unknown,
    exec: (netns, argv, stdin) => run(inside(netns, argv), stdin),
    sysctl: async (netns, settings) => {
      const lines = settings.map(([name, value]) => `echo ${value} > /proc/sys/net/${name} || exit 1\n`);
      await must(inside(netns, ['sh']), lines.join(''));
    },
  };
}

async function runProgram(program: string, args: readonly string[], stdin = ''): Promise<CallResult> {
  const child = spawn(program, args, { stdio: 'pipe' });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  child.stdin.on('error', () => {}).end(stdin);
  const [status] = (await once(child, 'close')) as [number | null];
  return { status: status ?? 128, ...output };
}
