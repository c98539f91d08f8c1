// A host that remembers: links, zones and files as the programs of illumos would keep them, in one process.
import { dirname } from 'node:path';
import { OperatorError } from '../../src/domain/errors.ts';
import type { Host } from '../../src/host/host.ts';
import type { Command, CommandResult } from '../../src/illumos/command.ts';
import type { System } from '../../src/system/system.ts';

/** Thrown in place of an answer by a host that kills the program at that moment. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

interface FakeLink {
  readonly class: string;
  mtu: number;
  readonly over?: string;
  /** Active values of link properties, as dladm prints them; what a halt of the zone wipes (§8.2). */
  protection?: string;
  allowedIps?: string;
  readonly vlan?: number;
  maxbw?: string;
  priority?: string;
  /** The running zone that has it. */
  lent?: string;
}

interface FakeZone {
  state: string;
  id?: number;
  config: string[];
  generation: number;
}

const DONE: CommandResult = { status: 0, timedOut: false, stdout: '', stderr: '' };
const said = (stdout: string): CommandResult => ({ ...DONE, stdout });
const failed = (stderr: string, status = 1): CommandResult => ({ ...DONE, status, stderr: `${stderr}\n` });
const after = (args: readonly string[], option: string) => args[args.indexOf(option) + 1] ?? '';

export type FakeHost = ReturnType<typeof createFakeHost>;

/** A host with one physical link, e1000g0, on 192.0.2.0/24, and nothing of ours. */
export function createFakeHost() {
  const files = new Map<string, string>();
  const directories = new Set(['/', '/etc', '/var', '/var/run', '/opt/zonenet']);
  const links = new Map<string, FakeLink>([['e1000g0', { class: 'phys', mtu: 1500 }]]);
  const zones = new Map<string, FakeZone>();
  const locks = new Set<string>();
  const counters = { clock: 0, ids: 0, zoneIds: 0 };
  const host = {
    /** What was changed so far, as text: commands, and "write PATH", "mkdir PATH", "remove PATH". */
    changes: [] as string[],
    log: [] as string[],
    addresses: [['e1000g0/v4', '192.0.2.10/24']] as [object: string, address: string][],
    /** Interfaces of the global zone. */
    interfaces: ['lo0', 'e1000g0'],
    /** Destination and mask of the routes beside the default one. */
    routes: [] as [destination: string, mask: string][],
    /** Destinations of IPv6 routes, with their length. */
    inet6Routes: [] as string[],
    /** Answers in place of the program's own, by the start of the command line; the program does nothing. */
    answers: new Map<string, CommandResult>(),
    /** Kills the program before that change, counted from 1. */
    killAt: undefined as number | undefined,
    /** Lets that change fail, once, as a program or a disk would. */
    failAt: undefined as number | undefined,
    /** What a zone's method does with metadata: gives the message of a failure, or nothing. */
    method: (_zone: string): string | undefined => undefined,
    /** Whether a zone has our services. */
    hasServices: (_zone: string): boolean => true,
    onImport: (): void => undefined,
    files,
    directories,
    links,
    zones,
    locks,
    counters,
  };

  /** Tests may stop a zone without a word to it. */
  const holder = (zone = '') => (zones.get(zone)?.state === 'running' ? zone : '');

  function dladm([verb = '', ...args]: readonly string[]): CommandResult {
    const name = args.at(-1) ?? '';
    switch (verb) {
      case 'show-link':
        return said(
          [...links].map(([link, { class: kind, mtu, over = '' }]) => `${link}:${kind}:${mtu}:${over}\n`).join(''),
        );
      case 'create-etherstub':
      case 'create-vnic': {
        const over = verb === 'create-vnic' ? after(args, '-l') : undefined;
        if (links.has(name)) return failed(`dladm: ${verb.slice(7)} creation failed: object already exists`);
        const lower = over === undefined ? undefined : links.get(over);
        if (over !== undefined && lower === undefined) return failed(`dladm: invalid link name '${over}'`);
        if (over === undefined) links.set(name, { class: 'etherstub', mtu: 9000 });
        else {
          const vlan = args.includes('-v') ? { vlan: Number(after(args, '-v')) } : {};
          links.set(name, { class: 'vnic', mtu: lower?.mtu ?? 1500, over, ...vlan });
        }
        return DONE;
      }
      case 'delete-etherstub':
      case 'delete-vnic': {
        const have = links.get(name);
        if (have === undefined) return failed(`dladm: invalid link name '${name}'`);
        if (holder(have.lent) !== '' || [...links.values()].some(({ over }) => over === name))
          return failed('dladm: vnic deletion failed: link busy');
        links.delete(name);
        return DONE;
      }
      case 'set-linkprop': {
        const have = links.get(name);
        if (have === undefined) return failed(`dladm: link ${name} is not valid: object not found`);
        const [property, value = ''] = after(args, '-p').split('=');
        if (property === 'mtu') have.mtu = Number(value);
        else if (property === 'protection') have.protection = value;
        else if (property === 'allowed-ips') have.allowedIps = value;
        else if (property === 'maxbw') have.maxbw = value.replace('M', '').padStart(5);
        else if (property === 'priority') have.priority = value;
        else if (property === 'zone') {
          if (zones.get(value)?.state !== 'running')
            return failed(`dladm: warning: link property 'zone' must be one of: global`);
          have.lent = value;
        } else throw new Error(`the fake host has no property ${property}`);
        return DONE;
      }
      case 'reset-linkprop': {
        const property = after(args, '-p');
        const have = links.get(name);
        if (have === undefined) return failed(`dladm: link ${name} is not valid: object not found`);
        if (property === 'maxbw') delete have.maxbw;
        else if (property === 'allowed-ips') delete have.allowedIps;
        else throw new Error(`the fake host resets no property ${property}`);
        return DONE;
      }
      case 'show-vnic':
        return said(
          [...links]
            .filter(([, { class: kind }]) => kind === 'vnic')
            .map(([link, { vlan = 0 }]) => (args.includes('link,vid') ? `${link}:${vlan}\n` : `${link}:2\\:8\\:20\n`))
            .join(''),
        );
      case 'show-linkprop':
        if (args.includes('maxbw,priority')) {
          const rows = [...links].map(
            ([link, { maxbw = '', priority = 'high' }]) => `${link}:maxbw:${maxbw}\n${link}:priority:${priority}\n`,
          );
          return said(rows.join(''));
        }
        return said(
          [...links]
            .map(
              ([link, { protection = '', allowedIps = '', lent }]) =>
                `${link}:protection:${protection}\n${link}:allowed-ips:${allowedIps.replaceAll(':', '\\:')}\n${link}:zone:${holder(lent)}\n`,
            )
            .join(''),
        );
      default:
        throw new Error(`the fake host has no dladm ${verb}`);
    }
  }

  function zonecfg(args: readonly string[]): CommandResult {
    const name = after(args, '-z');
    const zone = zones.get(name);
    if (args.includes('-f')) {
      const commands = (files.get(after(args, '-f')) ?? '').trimEnd().split('\n');
      if (commands[0]?.startsWith('create ') === true)
        zones.set(name, { state: 'configured', config: commands.slice(1), generation: 0 });
      else if (zone === undefined) return failed(`${name}: No such zone configured`);
      else for (const command of commands) configure(zone, command);
      return DONE;
    }
    if (zone === undefined) return failed(`${name}: No such zone configured`);
    if (args.includes('export')) return said(`create -b\n${zone.config.map((line) => `${line}\n`).join('')}`);
    if (zone.state === 'running') return failed(`${name}: Zone state is invalid for the requested operation`);
    zones.delete(name);
    return DONE;
  }

  /** "remove net physical=…" takes a resource away that has that line; the rest is added. */
  function configure(zone: FakeZone, command: string): void {
    const [, kind, what] = /^remove (net|fs|attr) (.*)$/.exec(command) ?? [];
    if (kind === undefined) return void zone.config.push(command);
    const at = zone.config.findIndex((line, index) => {
      const end = zone.config.indexOf('end', index);
      return line === `add ${kind}` && zone.config.slice(index, end).includes(`set ${what}`);
    });
    if (at < 0) throw new Error(`the fake host's zone has no ${kind} ${what}`);
    zone.config.splice(at, zone.config.indexOf('end', at) - at + 1);
  }

  const settingOf = ({ config }: FakeZone, key: string) =>
    (config.find((line) => line.startsWith(`set ${key}=`)) ?? '').replace(/^[^=]*=/, '').replace(/^"|"$/g, '');

  const linksOf = ({ config }: FakeZone) =>
    config.flatMap((line) => {
      const link = /^set physical="(.*)"$/.exec(line)?.[1];
      return link === undefined ? [] : [link];
    });

  function zoneadm(args: readonly string[]): CommandResult {
    if (args[0] === 'list') {
      const rows = [...zones].map(([name, zone]) => {
        const uuid = zone.state === 'configured' ? '' : '2f1c1f6e-4f2a-6a0f-9e0f-b1f6a1a1c001';
        return `${zone.id ?? '-'}:${name}:${zone.state}:${settingOf(zone, 'zonepath')}:${uuid}:${settingOf(zone, 'brand')}:excl\n`;
      });
      return said(`0:global:running:/::ipkg:shared\n${rows.join('')}`);
    }
    const [name, verb] = [args[1] ?? '', args[2] ?? ''];
    const zone = zones.get(name);
    if (zone === undefined) return failed(`zoneadm: ${name}: No such zone configured`);
    const root = `${settingOf(zone, 'zonepath')}/root`;
    switch (verb) {
      case 'install':
        if (zone.state !== 'configured') return failed(`zoneadm: zone '${name}': is already installed.`);
        zone.state = 'installed';
        for (const part of ['', '/etc', '/etc/svc']) directories.add(`${root}${part}`);
        files.set(`${root}/etc/svc/repository.db`, '');
        return DONE;
      case 'clone':
        if (zones.get(args[3] ?? '')?.state !== 'installed') return failed(`zoneadm: zone '${args[3]}': not halted`);
        zone.state = 'installed';
        return DONE;
      case 'boot': {
        if (zone.state !== 'installed') return failed(`zoneadm: zone '${name}': must be installed before boot.`);
        const missing = linksOf(zone).find((link) => !links.has(link));
        if (missing !== undefined)
          return failed(
            `zoneadm: zone '${name}': failed to add network device\nzoneadm: zone '${name}': call to zoneadmd failed`,
          );
        counters.zoneIds += 1;
        zone.state = 'running';
        zone.id = counters.zoneIds;
        for (const link of linksOf(zone)) Object.assign(links.get(link) ?? {}, { lent: name });
        apply(name, zone);
        return DONE;
      }
      case 'reboot':
      case 'halt':
        for (const have of links.values()) {
          if (have.lent !== name) continue;
          delete have.protection;
          delete have.allowedIps;
          delete have.lent;
        }
        zone.state = 'installed';
        delete zone.id;
        return verb === 'halt' ? DONE : zoneadm(['-z', name, 'boot']);
      case 'uninstall':
        if (zone.state === 'running')
          return failed(`zoneadm: zone '${name}': uninstall operation is invalid for running zones.`);
        zone.state = 'configured';
        for (const path of [...files.keys(), ...directories]) {
          if (path.startsWith(root)) {
            files.delete(path);
            directories.delete(path);
          }
        }
        return DONE;
      default:
        throw new Error(`the fake host has no zoneadm ${verb}`);
    }
  }

  /** What a zone's method does at boot and refresh. */
  function apply(name: string, zone: FakeZone): void {
    if (host.method(name) !== undefined) return;
    zone.generation = Number(
      /^generation = (\d+)$/m.exec(files.get(`/var/zonenet/zones/${name}/metadata.ini`) ?? '')?.[1] ?? 0,
    );
  }

  function smf(program: string, args: readonly string[]): CommandResult {
    const name = after(args, '-z');
    const zone = zones.get(name);
    if (program.endsWith('svccfg')) {
      files.set(`${after(args, 'import')} in a repository`, '');
      host.onImport();
      return DONE;
    }
    if (args.includes('-Z')) {
      const rows = [...zones].flatMap(([each, { state }]) => {
        const word = host.method(each) === undefined ? 'online' : 'maintenance';
        return state === 'running' ? args.slice(4).map((fmri) => `${word} ${fmri} ${each}\n`) : [];
      });
      return said(rows.join(''));
    }
    if (zone?.state !== 'running') return failed(`svcs: Could not bind to repository server`);
    const message = host.method(name);
    if (program.endsWith('svcs')) {
      const known = args.slice(5).filter((fmri) => !fmri.includes('zonenet') || host.hasServices(name));
      const rows = known.map((fmri) => `${message === undefined ? 'online' : 'maintenance'}         ${fmri}\n`);
      return said(rows.join(''));
    }
    if (program.endsWith('svcprop')) {
      const text = (message ?? '').replaceAll(' ', '\\ ');
      return said(
        `status/generation count ${zone.generation}\nstatus/verified boolean ${message === undefined}\nstatus/message astring ${text === '' ? '""' : text}\n`,
      );
    }
    apply(name, zone);
    return DONE;
  }

  function answer({ program, args }: Command): CommandResult {
    switch (program) {
      case '/usr/sbin/dladm':
        return dladm(args);
      case '/usr/sbin/zonecfg':
        return zonecfg(args);
      case '/usr/sbin/zoneadm':
        return zoneadm(args);
      case '/usr/sbin/ipadm':
        if (args[0] === 'show-if') return said(host.interfaces.map((link) => `${link}:ok\n`).join(''));
        if (args[0] === 'create-if') host.interfaces.push(args[1] ?? '');
        if (args[0] === 'delete-if') host.interfaces = host.interfaces.filter((link) => link !== args[1]);
        if (args[0] !== 'show-addr') return DONE;
        return said(
          host.addresses
            .map(([object, address]) => `${object}:${object.endsWith('/dhcp') ? 'dhcp' : 'static'}:ok:${address}\n`)
            .join(''),
        );
      case '/usr/bin/netstat':
        if (args.includes('inet6')) {
          const rows = host.inet6Routes.map((to) => `${to}   fe80::1   UG   1   0 e1000g0\n`);
          return said(`\nRouting Table: IPv6\n  Destination/Mask\n${rows.join('')}`);
        }
        return said(
          `\nRouting Table: IPv4\n${host.routes.map(([to]) => `${to}   192.0.2.1   UG   1   0 e1000g0\n`).join('')}`,
        );
      case '/usr/sbin/route':
        return route(args.at(-1) ?? '');
      case '/usr/bin/svcs':
      case '/usr/bin/svcprop':
      case '/usr/sbin/svcadm':
      case '/usr/sbin/svccfg':
        return smf(program, args);
      default:
        throw new Error(`the fake host has no ${program}`);
    }
  }

  function route(address: string): CommandResult {
    const bits = (text: string) => text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
    const found = host.routes.find(([to, mask]) => (bits(address) & bits(mask)) >>> 0 === bits(to));
    if (found === undefined) return { ...DONE, status: 3, stdout: ` ${address}: not in table\n` };
    return said(`   route to: ${address}\ndestination: ${found[0]}\n       mask: ${found[1]}\n`);
  }

  function change<T>(what: string, make: () => T): T {
    if (host.killAt !== undefined && host.changes.length + 1 >= host.killAt) throw new Killed(what);
    host.changes.push(what);
    if (host.changes.length === host.failAt) {
      host.failAt = undefined;
      throw new OperatorError('WRITE_FAILED', `Cannot ${what}: the test does not let it`);
    }
    return make();
  }

  const inside = (path: string) =>
    [...files.keys(), ...directories].filter((other) => other !== path && dirname(other) === path);

  const system: System = {
    async run(command) {
      const line = [command.program, ...command.args].join(' ');
      const given = [...host.answers].find(([start]) => line.startsWith(start));
      if (given !== undefined) return given[1];
      if (isQuestion(command)) return answer(command);
      try {
        return change(line, () => answer(command));
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
        return failed(error.message);
      }
    },
    readFile: async (path) => files.get(path),
    readHead: async (path, bytes) => files.get(path)?.slice(0, bytes),
    writeFile: async ({ path, content }) => {
      // A cache, which a reader may keep too.
      if (path === '/var/run/zonenet/seen') return void files.set(path, content);
      change(`write ${path}`, () => {
        if (!directories.has(dirname(path))) throw new Error(`no directory for ${path}`);
        files.set(path, content);
      });
    },
    writeFiles: async (all) =>
      change(`write ${all.map(({ path }) => path).join(' ')}`, () => {
        for (const { path, content } of all) files.set(path, content);
      }),
    async makeDirectory(path) {
      for (let at = path; !directories.has(at); at = dirname(at)) directories.add(at);
    },
    async remove(path) {
      if (directories.has(path) && inside(path).length > 0) {
        const cause = Object.assign(new Error('not empty'), { code: 'ENOTEMPTY' });
        throw new OperatorError('WRITE_FAILED', `Cannot remove "${path}": ENOTEMPTY`, { cause });
      }
      if (files.has(path) || directories.has(path)) {
        change(`remove ${path}`, () => files.delete(path) || directories.delete(path));
      }
    },
    list: async (path) =>
      inside(path)
        .map((file) => file.slice(file.lastIndexOf('/') + 1))
        .filter((name) => !name.startsWith('.'))
        .sort(),
    listStamped: async (path) => (await system.list(path)).map((name) => [name, files.get(`${path}/${name}`)]),
    appendNotes: async (path, text) => void files.set(path, `${files.get(path) ?? ''}${text}`),
    cutOff: async (path) => inside(path).filter((file) => /\/\.[^/]+\.zonenet$/.test(file)),
    attributesOf: async () => undefined,
    kindOf: async (path) => (files.has(path) ? 'file' : directories.has(path) ? 'directory' : undefined),
    stampOf: async (path) => {
      const zone = /^\/etc\/zones\/(.*)\.xml$/.exec(path)?.[1];
      return zone === undefined ? undefined : zones.get(zone)?.config.join();
    },
    log: (text) => host.log.push(text),
    monotonic: () => counters.clock,
    sleep: async (milliseconds) => {
      counters.clock += milliseconds;
    },
  };

  const self: Host = {
    system,
    async lock(name) {
      if (locks.has(name)) throw new OperatorError('LOCKED', `Cannot go on: process 1 holds the lock ${name}`);
      locks.add(name);
      return async () => void locks.delete(name);
    },
    newId() {
      counters.ids += 1;
      return `00000000-0000-4000-8000-${String(counters.ids).padStart(12, '0')}`;
    },
    progress: () => undefined,
  };

  /** All that a run may leave: links, zones with their configuration, files and directories. */
  function snapshot() {
    return {
      links: Object.fromEntries(links),
      zones: Object.fromEntries([...zones].map(([name, { state, config }]) => [name, { state, config }])),
      files: Object.fromEntries(
        [...files].filter(([path]) => !path.includes(' in a repository') && !path.startsWith('/var/run')).sort(),
      ),
      directories: [...directories].filter((path) => !path.startsWith('/var/run')).sort(),
    };
  }

  return Object.assign(host, { host: self, system, snapshot });
}

/** Another host that is as this one. */
export function copyOf(fake: FakeHost): FakeHost {
  const copy = createFakeHost();
  for (const [path, content] of fake.files) copy.files.set(path, content);
  for (const path of fake.directories) copy.directories.add(path);
  for (const [name, link] of fake.links) copy.links.set(name, { ...link });
  for (const [name, zone] of fake.zones) copy.zones.set(name, { ...zone, config: [...zone.config] });
  Object.assign(copy.counters, fake.counters);
  const { addresses, interfaces, routes, inet6Routes } = fake;
  return Object.assign(copy, structuredClone({ addresses, interfaces, routes, inet6Routes }));
}

function isQuestion({ program, args }: Command): boolean {
  if (/\/(netstat|svcs|svcprop)$/.test(program) || args.includes('export')) return true;
  if (program.endsWith('/route')) return args.includes('get');
  return /^(show-|list$)/.test(args[0] ?? '');
}
