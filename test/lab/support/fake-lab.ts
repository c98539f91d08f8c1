// A lab without processes and namespaces: for tests of one command's words, records and order of work.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Call, type CallResult, NotModelled, type Program } from '../daemon/call.ts';
import type { Kernel, Lab, Smf, Zone, ZoneConfig } from '../daemon/state.ts';
import { createLinks, type PhysicalLink } from '../kernel/links.ts';

export interface FakeLab extends Lab {
  /** What was asked of the kernel, "sw: link add …". */
  readonly kernelLog: string[];
  /** What was asked of SMF, "boot web". */
  readonly smfLog: string[];
  /** Removes the run directory. */
  remove(): void;
}

export interface CallOptions {
  readonly zone?: Zone;
  readonly stdin?: string;
  readonly cwd?: string;
  readonly uid?: number;
}

export async function fakeLab(physical: readonly PhysicalLink[] = [{ name: 'e1000g0' }]): Promise<FakeLab> {
  const run = mkdtempSync(join(tmpdir(), 'zn-'));
  const kernelLog: string[] = [];
  const smfLog: string[] = [];
  const global: Zone = { name: 'global', id: 0, state: 'running', config: emptyConfig(), root: '/', netns: 'z0' };
  const base = {
    run,
    global,
    zones: new Map([['global', global]]),
    kernel: fakeKernel(kernelLog),
    smf: fakeSmf(smfLog),
    call: async () => {
      throw new NotModelled('a call from inside a fake lab');
    },
    notModelled: [],
    switches: new Map<string, string>(),
    now: () => 0,
    kernelLog,
    smfLog,
    remove: () => rmSync(run, { recursive: true, force: true }),
  };
  return { ...base, links: await createLinks(base, physical) };
}

const emptyConfig = (): ZoneConfig => ({
  zonepath: '/',
  brand: 'ipkg',
  autoboot: false,
  globals: new Map(),
  nets: [],
  filesystems: [],
  attributes: [],
  rctls: [],
});

/** Knows which devices were made and deleted; everything else succeeds and is written down. */
function fakeKernel(log: string[]): Kernel {
  const devices = new Map<string, Set<string>>();
  const devicesOf = (netns: string) => {
    const known = devices.get(netns) ?? new Set<string>();
    devices.set(netns, known);
    return known;
  };
  return {
    ip: async (netns, lines) => {
      for (const line of lines) {
        log.push(`${netns}: ${line}`);
        const made = /^link add (?:dev |name )?(\S+)/.exec(line)?.[1];
        if (made !== undefined) devicesOf(netns).add(made);
        const deleted = /^link del(?:ete)? (?:dev )?(\S+)/.exec(line)?.[1];
        if (deleted !== undefined && !devicesOf(netns).delete(deleted))
          throw new Error(`Cannot find device "${deleted}"`);
      }
    },
    ipJson: async (netns) => [...devicesOf(netns)].map((ifname) => ({ ifname })),
    nft: async (netns, script) => {
      log.push(`${netns}: nft ${script}`);
    },
    nftJson: async () => ({ nftables: [] }),
    exec: async (netns, argv) => {
      log.push(`${netns}: ${argv.join(' ')}`);
      return { status: 0, stdout: '', stderr: '' };
    },
    sysctl: async (netns, settings) => {
      for (const [name, value] of settings) log.push(`${netns}: ${name}=${value}`);
    },
  };
}

function fakeSmf(log: string[]): Smf {
  const note = (what: string) => async (zone: Zone) => {
    log.push(`${what} ${zone.name}`);
  };
  return {
    install: note('install'),
    boot: note('boot'),
    halt: note('halt'),
    shutdown: note('shutdown'),
    uninstall: note('uninstall'),
    of: () => undefined,
  };
}

/** Runs a stand-in's handler as the dispatcher would. */
export async function callProgram(
  lab: Lab,
  program: Program,
  argv: readonly string[],
  { zone = lab.global, stdin = '', cwd = '/', uid = 0 }: CallOptions = {},
): Promise<CallResult> {
  const [name = '', ...args] = argv;
  let [stdout, stderr] = ['', ''];
  const call: Call = {
    program: name,
    args,
    zone,
    cwd,
    uid,
    env: {},
    stdin: async () => Buffer.from(stdin),
    out: (text) => {
      stdout += text.toString();
    },
    err: (text) => {
      stderr += text;
    },
  };
  const status = await program(call, lab);
  if (typeof status !== 'number') throw new Error(`${argv.join(' ')} becomes ${status.become.join(' ')}`);
  return { status, stdout, stderr };
}
