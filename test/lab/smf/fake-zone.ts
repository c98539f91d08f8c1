// A zone without namespaces, for tests of svc.startd: methods run as plain processes, files lie in a temporary directory.
import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { svcadm } from '../commands/svcadm.ts';
import { svccfg } from '../commands/svccfg.ts';
import { svcprop } from '../commands/svcprop.ts';
import { svcs } from '../commands/svcs.ts';
import type { Call, CallResult, Program } from '../daemon/call.ts';
import type { Contract, Lab, MethodRun, Smf, Zone } from '../daemon/state.ts';
import { resolveInRoot } from '../kernel/zone-files.ts';
import { findEntity, isInstance, type Repository } from './repository.ts';
import { createSmf } from './restarter.ts';
import type { Startd } from './startd.ts';
import { createZoneFiles, type ZoneFiles } from './zone-files.ts';

const PROGRAMS: Readonly<Record<string, Program>> = { svcadm, svccfg, svcprop, svcs };

/** A lab with a global zone and the zone "z", both fakes. */
export interface FakeLab {
  readonly lab: Lab;
  readonly smf: Smf;
  readonly zone: Zone;
  readonly files: ZoneFiles;
  readonly globalFiles: ZoneFiles;
  /** The zone's root as a path of this machine, for exec strings. */
  readonly root: string;
  /** Calls of other stand-ins by methods: "ipadm create-addr …". */
  readonly calls: string[];
  /** Answers to them, by the beginning of the call; status 0 and no output otherwise. */
  readonly answers: Map<string, Partial<CallResult>>;
  /** Boots the zone and waits until its services have settled. */
  boot(): Promise<Startd>;
  halt(): Promise<void>;
  startd(): Startd;
  repository(): Repository;
  /** Writes manifests below /lib/svc/manifest/site, by file name without ".xml". */
  deliver(manifests: Readonly<Record<string, string>>): void;
  /** The state of "site/x" (its default instance) or of an FMRI. */
  state(name: string): string | undefined;
  /** Resolves when nothing moves any more. */
  settled(): Promise<void>;
  /** Waits until the instance is in that state. */
  until(name: string, state: string): Promise<void>;
  /** The log of a service's default instance, without the times. */
  log(name: string): string[];
  /** Runs svcs, svcadm, svccfg or svcprop in the zone. */
  run(line: string, stdin?: string): Promise<CallResult>;
  /** The same in the global zone. */
  runGlobal(line: string, options?: { stdin?: string; env?: Record<string, string> }): Promise<CallResult>;
  stop(): Promise<void>;
  clock: number;
  /** Milliseconds that pass at each look at the clock. */
  tick: number;
}

let contracts = 100;

function startProcess(outer: (path: string) => string, running: Set<number>) {
  return async ({ argv, env, log }: MethodRun): Promise<Contract> => {
    const [program = '', ...args] = argv;
    mkdirSync(dirname(outer(log)), { recursive: true });
    const out = openSync(outer(log), 'a');
    const child = spawn(program, args, { env, stdio: ['ignore', out, out], detached: true });
    closeSync(out);
    const pid = child.pid ?? 0;
    running.add(pid);
    const kill = (signal: NodeJS.Signals | 0): boolean => {
      try {
        return process.kill(-pid, signal);
      } catch {
        return false;
      }
    };
    const ended = new Promise<{ status: number } | { signal: string }>((resolve) =>
      child.on('exit', (status, signal) => resolve(status === null ? { signal: signal ?? '' } : { status })),
    );
    const empty = ended.then(async () => {
      while (kill(0)) await new Promise((resolve) => setTimeout(resolve, 10));
      running.delete(pid);
    });
    contracts += 1;
    return { id: contracts, ended, empty, kill: (signal) => void kill(signal as NodeJS.Signals) };
  };
}

const words = (line: string): string[] =>
  [...line.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');

/** @param name of the temporary directory */
export async function startFakeLab(name = 'smf'): Promise<FakeLab> {
  const top = mkdtempSync(join(tmpdir(), `${name}-`));
  const root = join(top, 'z');
  const running = new Set<number>();
  const config = {
    zonepath: '/zones/z',
    brand: 'ipkg',
    autoboot: false,
    ipType: 'exclusive' as const,
    globals: new Map(),
    nets: [],
    filesystems: [],
    attributes: [],
    rctls: [],
  };
  const global: Zone = { name: 'global', id: 0, state: 'running', config: { ...config, zonepath: '/' }, root: '/' };
  const zone: Zone = { name: 'z', id: 1, state: 'running', config, root: '/zones/z/root' };
  const outerOf = (of: Zone) => (path: string) => resolveInRoot(of === global ? join(top, 'global') : root, path);
  const filesOf = new Map([global, zone].map((each) => [each, createZoneFiles(outerOf(each))]));
  const files = filesOf.get(zone) ?? createZoneFiles((path) => path);
  const globalFiles = filesOf.get(global) ?? files;
  for (const each of [global, zone])
    each.process = { pid: 1, start: startProcess(outerOf(each), running), halt: async () => {} };
  const calls: string[] = [];
  const answers = new Map<string, Partial<CallResult>>();
  const fake = { clock: Date.UTC(2025, 0, 3, 12, 1, 7), tick: 0 };
  const base = {
    run: top,
    global,
    zones: new Map([global, zone].map((each) => [each.name, each])),
    notModelled: [] as string[],
    switches: new Map<string, string>(),
    now: () => {
      fake.clock += fake.tick;
      return fake.clock;
    },
    call: async (where: Zone, argv: readonly string[]): Promise<CallResult> => {
      const [path = '', ...args] = argv;
      const program = path.split('/').at(-1) ?? '';
      if (PROGRAMS[program] !== undefined) return execute(where, program, args);
      const line = [program, ...args].join(' ');
      calls.push(line);
      const found = [...answers].find(([start]) => line.startsWith(start));
      return { status: 0, stdout: '', stderr: '', ...found?.[1] };
    },
  };
  const smf = createSmf(base as unknown as Omit<Lab, 'smf'>, (of) => filesOf.get(of) ?? files);
  const lab = Object.assign(base, { smf }) as unknown as Lab;

  async function execute(where: Zone, program: string, args: readonly string[], stdin = '', env = {}) {
    const result = { status: 0, stdout: '', stderr: '' };
    const call: Call = {
      program,
      args,
      zone: where,
      cwd: '/',
      uid: 0,
      env,
      stdin: async () => Buffer.from(stdin),
      out: (text) => {
        result.stdout += text;
      },
      err: (text) => {
        result.stderr += text;
      },
    };
    const ending = await PROGRAMS[program]?.(call, lab);
    result.status = typeof ending === 'number' ? ending : -1;
    return result;
  }

  const runOf = (name: string) => {
    const fmri = name.startsWith('svc:') ? name : `svc:/${name}:default`;
    const repository = smf.of(zone)?.repository;
    const entity = repository === undefined ? undefined : findEntity(repository, fmri);
    return entity !== undefined && isInstance(entity) ? smf.of(zone)?.startd?.run(entity) : undefined;
  };

  await smf.install(global);
  await smf.install(zone);
  return Object.assign(fake, {
    lab,
    smf,
    zone,
    files,
    globalFiles,
    root,
    calls,
    answers,
    startd: () => {
      const startd = smf.of(zone)?.startd;
      if (startd === undefined) throw new Error('the zone is not booted');
      return startd;
    },
    deliver: (manifests: Readonly<Record<string, string>>) => {
      for (const [name, text] of Object.entries(manifests)) files.write(`/lib/svc/manifest/site/${name}.xml`, text);
    },
    state: (name: string) => runOf(name)?.state,
    settled: async () => {
      await smf.of(zone)?.startd?.settled();
    },
    until: async (name: string, state: string) => {
      while (runOf(name)?.state !== state || runOf(name)?.next !== 'none') await smf.of(zone)?.startd?.changed();
    },
    log: (name: string) =>
      (files.read(`/var/svc/log/${name.replaceAll('/', '-')}:default.log`) ?? '')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => line.replace(/^\[ \w{3} [ \d]\d [\d:]{8} (.*) \]$/, '$1')),
    repository: () => {
      const repository = smf.of(zone)?.repository;
      if (repository === undefined) throw new Error('the zone is not installed');
      return repository;
    },
    boot: async () => {
      await smf.boot(zone);
      while (smf.of(zone)?.startd === undefined) await new Promise((resolve) => setImmediate(resolve));
      const startd = smf.of(zone)?.startd;
      if (startd === undefined) throw new Error('unreachable');
      await startd.settled();
      return startd;
    },
    halt: () => smf.halt(zone),
    run: (line: string, stdin?: string) => {
      const [program = '', ...args] = words(line);
      return execute(zone, program, args, stdin);
    },
    runGlobal: (line: string, options: { stdin?: string; env?: Record<string, string> } = {}) => {
      const [program = '', ...args] = words(line);
      return execute(global, program, args, options.stdin, options.env);
    },
    stop: async () => {
      await smf.halt(zone);
      for (const pid of running) {
        try {
          process.kill(-pid, 'SIGKILL');
        } catch {
          // It ended by itself.
        }
      }
      rmSync(top, { recursive: true, force: true });
    },
  });
}

/** A manifest of one transient service; `inside` are further elements in the DTD's order, before the methods. */
export function manifest(
  name: string,
  options: {
    readonly before?: string;
    readonly start?: string;
    readonly stop?: string;
    readonly refresh?: string;
    readonly timeout?: number;
    readonly groups?: string;
    readonly enabled?: boolean;
    readonly duration?: 'transient' | 'contract';
  } = {},
): string {
  const { before = '', start = ':true', stop = ':true', refresh, timeout = 60, groups = '' } = options;
  const method = (which: string, exec: string) =>
    `<exec_method type='method' name='${which}' exec='${exec.replaceAll('&', '&amp;').replaceAll("'", '&apos;').replaceAll('<', '&lt;')}' timeout_seconds='${timeout}'/>`;
  return `<?xml version='1.0'?>
<!DOCTYPE service_bundle SYSTEM '/usr/share/lib/xml/dtd/service_bundle.dtd.1'>
<service_bundle type='manifest' name='${name}'>
<service name='${name}' type='service' version='1'>
<create_default_instance enabled='${options.enabled ?? true}'/>
<single_instance/>
${before}
${method('start', start)}
${method('stop', stop)}
${refresh === undefined ? '' : method('refresh', refresh)}
<property_group name='startd' type='framework'><propval name='duration' type='astring' value='${options.duration ?? 'transient'}'/></property_group>
${groups}
<template><common_name><loctext xml:lang='C'>test ${name}</loctext></common_name></template>
</service>
</service_bundle>
`;
}

/** A dependency element. */
export function needs(name: string, kind: string, ...fmris: string[]): string {
  const [grouping, restartOn] = kind.split('/');
  const type = fmris.some((fmri) => fmri.startsWith('file:')) ? 'path' : 'service';
  const values = fmris.map((fmri) => `<service_fmri value='${fmri}'/>`).join('');
  return `<dependency name='${name}' grouping='${grouping}' restart_on='${restartOn}' type='${type}'>${values}</dependency>`;
}
