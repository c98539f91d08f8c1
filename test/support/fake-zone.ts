// A zone that remembers: what the boot method asks and changes, as the programs of illumos would answer.
import { dirname } from 'node:path';
import { netmaskOf } from '../../src/domain/prefix.ts';
import type { Command, CommandResult } from '../../src/illumos/command.ts';
import type { System } from '../../src/system/system.ts';

/** Thrown instead of an answer by a zone that kills the method. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

interface FakeRoute {
  /** "default", "10.9.0.0/16". */
  readonly to: string;
  readonly router: string;
  readonly link: string;
}

interface FakeAddress {
  readonly object: string;
  readonly type: string;
  state: string;
  addr: string;
}

export const IPFILTER = 'svc:/network/ipfilter:default';
export const FORWARDING = 'svc:/network/zonenet-forwarding:default';
export const IPV6 = 'svc:/network/zonenet-ipv6:default';
export const NAMES = 'svc:/network/zonenet-names:default';
export const NDP = 'svc:/network/routing/ndp:default';
const LINKS = ['pnic0', 'znic0', 'znic1', 'znic2', 'znic7'];

/** What a program says when it ends well without a word. */
const DONE: CommandResult = { status: 0, timedOut: false, stdout: '', stderr: '' };
const said = (stdout: string): CommandResult => ({ ...DONE, stdout });
const failed = (status: number, stderr: string, stdout = ''): CommandResult => ({ ...DONE, status, stdout, stderr });

export type FakeZone = ReturnType<typeof createFakeZone>;

/** A zone right after its first boot: links are there, nothing is configured. */
export function createFakeZone() {
  const files = new Map<string, string>([['/etc/nodename', 'unknown\n']]);
  const directories = new Set(['/', '/etc', '/etc/inet', '/etc/ipf', '/var', '/etc/zonenet/host']);
  const links = new Map<string, string>();
  const addresses: FakeAddress[] = [{ object: 'lo0/v4', type: 'static', state: 'ok', addr: '127.0.0.1/8' }];
  /** MTUs by link. */
  const mtus = new Map(LINKS.map((link) => [link, 1500]));
  const interfaces = new Set(['lo0']);
  const ipMtus = new Map<string, number>();
  const routes: FakeRoute[] = [];
  /** What DHCP answers by link: address and router. */
  const leases = new Map<string, { readonly addr: string; readonly router?: string }>();
  const services = new Map<string, string>([
    [IPFILTER, 'disabled'],
    ['svc:/system/identity:domain', 'disabled'],
    [FORWARDING, 'disabled'],
    [IPV6, 'disabled'],
    [NAMES, 'disabled'],
    [NDP, 'offline'],
    ['svc:/system/name-service-cache:default', 'online'],
  ]);
  const properties = new Map<string, string>([
    ['firewall_config_default/policy', 'none'],
    ['firewall_config_default/custom_policy_file', '/etc/ipf/ipf.conf'],
    ['firewall_config_default/custom_policy_file_6', '/etc/ipf/ipf6.conf'],
    ['routeadm/ipv4-routing-set', 'false'],
  ]);
  const kernel = {
    active: { inet: [] as string[], inet6: [] as string[] },
    inactive: { inet: [] as string[], inet6: [] as string[] },
    nat: [] as string[],
    forwarding: false,
    forwarding6: false,
  };
  const zone = {
    /** Commands run and files written so far, as text, questions left out. */
    changes: [] as string[],
    log: [] as string[],
    /** Addresses that another machine has. */
    claimed: new Set<string>(),
    /** Whether a new address is seen as tentative at first. */
    tentative: true,
    /** Answers in place of the program's own, by the start of the command line; the program does nothing. */
    answers: new Map<string, CommandResult>(),
    /** Kills the method at that change, counted from 1: before it is made, or right after. */
    kill: undefined as { readonly at: number; readonly when: 'before' | 'after' } | undefined,
  };

  /** What SMF does once the method has ended: ipfilter starts and loads the files. */
  function startIpfilter(): void {
    if (services.get(IPFILTER) !== 'offline') return;
    services.set(IPFILTER, 'online');
    kernel.active = { inet: rulesOf('/etc/ipf/ipf.conf'), inet6: rulesOf('/etc/ipf/ipf6.conf') };
    kernel.nat = rulesOf('/etc/ipf/ipnat.conf');
  }

  /** All that a reboot leaves nothing of. */
  function reboot(): void {
    addresses.splice(1);
    interfaces.clear();
    interfaces.add('lo0');
    ipMtus.clear();
    routes.splice(0);
    kernel.active = { inet: [], inet6: [] };
    kernel.nat = [];
    kernel.forwarding = false;
    kernel.forwarding6 = false;
    services.set(FORWARDING, 'disabled');
    services.set(IPV6, 'disabled');
    services.set(NDP, 'offline');
    if (services.get(NAMES) !== 'disabled') services.set(NAMES, 'offline');
    if (services.get(IPFILTER) !== 'disabled') services.set(IPFILTER, 'offline');
  }

  function rulesOf(path: string): string[] {
    const lines = (files.get(path) ?? '').split('\n').map((line) => line.replace(/#.*/, '').trim());
    return lines.filter((line) => line !== '').map((line) => line.replace('! ', '!'));
  }

  function settle(): void {
    for (const address of addresses.filter(({ state }) => state === 'tentative')) {
      address.state = zone.claimed.has(address.addr) ? 'duplicate' : 'ok';
    }
  }

  function ipadm([verb = '', ...args]: readonly string[]): CommandResult {
    const last = args.at(-1) ?? '';
    switch (verb) {
      case 'show-addr': {
        const rows = addresses
          .map(({ object, type, state, addr }) => `${object}:${type}:${state}:${addr.replaceAll(':', '\\:')}\n`)
          .join('');
        if (args.at(-1) === 'addrobj,type,state,addr') settle();
        return said(rows);
      }
      case 'create-addr':
        return createAddress(args, last);
      case 'delete-addr': {
        const index = addresses.findIndex(({ object }) => object === last);
        if (index < 0) return failed(1, 'ipadm: could not delete address: Object not found', '\n');
        dropLease(addresses.splice(index, 1));
        return DONE;
      }
      case 'show-prop': {
        const on = last === 'ipv6' ? kernel.forwarding6 : kernel.forwarding;
        return said(`${last}:forwarding:${on ? 'on' : 'off'}\n`);
      }
      case 'show-ifprop':
        return args.includes('mtu') ? showMtu(last) : said([...interfaces].flatMap(forwardingOf).join(''));
      case 'set-ifprop':
        ipMtus.set(last, Number(/mtu=(\d+)/.exec(args.join(' '))?.[1]));
        return DONE;
      case 'set-prop':
        if (last === 'ipv6') kernel.forwarding6 = args.includes('forwarding=on');
        else kernel.forwarding = args.includes('forwarding=on');
        return DONE;
      case 'show-if':
        return said([...interfaces].map((name) => `${name}:ok\n`).join(''));
      case 'create-if':
        if (interfaces.has(last)) return failed(1, `ipadm: Could not create ${last} : Interface already exists`, '\n');
        interfaces.add(last);
        return DONE;
      default:
        return failed(1, `ipadm: unknown subcommand '${verb}'`);
    }
  }

  function forwardingOf(name: string): string[] {
    const word = (on: boolean) => (on ? 'on' : 'off');
    return [
      `${name}:ipv4:forwarding:${word(kernel.forwarding)}\n`,
      `${name}:ipv6:forwarding:${word(kernel.forwarding6)}\n`,
    ];
  }

  function showMtu(link: string): CommandResult {
    if (!interfaces.has(link)) return failed(1, `ipadm: no such object '${link}': Interface does not exist`, '\n');
    const mtu = ipMtus.get(link) ?? mtus.get(link);
    return said(`${link}:ipv4:mtu:${mtu}\n${link}:ipv6:mtu:${mtu}\n`);
  }

  function createAddress(args: readonly string[], object: string): CommandResult {
    const link = object.split('/')[0] ?? '';
    const type = args[args.indexOf('-T') + 1] ?? '';
    const refuse = (why: string) => failed(1, `ipadm: Could not create address: ${why}`, '\n');
    if (addresses.some((one) => one.object === object)) return refuse('Address object already exists');
    if (!mtus.has(link)) return refuse('Could not open DLPI link');
    const state = zone.tentative ? 'tentative' : 'ok';
    const lease = leases.get(link);
    interfaces.add(link);
    if (type === 'dhcp') {
      addresses.push({ object, type, state: lease === undefined ? 'tentative' : 'ok', addr: lease?.addr ?? '?' });
      if (lease?.router !== undefined) routes.push({ to: 'default', router: lease.router, link });
      return lease === undefined
        ? { ...DONE, stderr: 'ipadm: warning: Communication with dhcpagent timed out\n' }
        : DONE;
    }
    if (type === 'addrconf') {
      if (services.get(NDP) !== 'online') return refuse('IPv6 autoconf daemon in.ndpd not running');
      addresses.push({ object, type, state, addr: `fe80::1%${link}/10` });
      return DONE;
    }
    const addr = args[args.indexOf('-a') + 1] ?? '';
    const isReady = addresses.some(
      (one) => one.type === 'addrconf' && one.state === 'ok' && one.object.startsWith(`${link}/`),
    );
    if (addr.includes(':') && !isReady) return refuse("Can't assign requested address");
    addresses.push({ object, type, state, addr });
    return DONE;
  }

  function dropLease(gone: readonly FakeAddress[]): void {
    for (const { object, type } of gone) {
      const router = leases.get(object.split('/')[0] ?? '')?.router;
      const index = routes.findIndex((one) => one.to === 'default' && one.router === router);
      if (type === 'dhcp' && index >= 0) routes.splice(index, 1);
    }
  }

  function route([, verb, ...words]: readonly string[]): CommandResult {
    const [to = '', router = '', , link = ''] = words.filter((word) => word !== '-inet6');
    const text = `${verb} net ${to}: gateway ${router}`;
    const index = routes.findIndex((one) => one.to === to && one.router === router);
    if (verb === 'add') {
      if (index >= 0) return failed(17, '', `${text}: entry exists\n`);
      const isFamily = ({ addr }: FakeAddress) => addr.includes(':') === router.includes(':');
      if (!addresses.some((one) => one.state === 'ok' && !one.object.startsWith('lo0') && isFamily(one))) {
        return failed(128, '', `${text}: Network is unreachable\n`);
      }
      routes.push({ to, router, link });
      return said(`${text}\n`);
    }
    if (index < 0) return failed(3, '', `${text}: not in table\n`);
    routes.splice(index, 1);
    return said(`${text}\n`);
  }

  function netstat(): CommandResult {
    const inet = routes.filter(({ router }) => !router.includes(':'));
    const inet6 = routes.filter(({ router }) => router.includes(':'));
    const line4 = ({ to, router, link }: FakeRoute) => {
      const [address = '', length = '0'] = to.split('/');
      return `${address} ${netmaskOf(Number(length))} ${router} ${link} 1500 2 UG 0 0\n`;
    };
    const line6 = ({ to, router, link }: FakeRoute) => `${to} ${router} ${link} 1500 2 UG 0 0\n`;
    const own = '127.0.0.1 255.255.255.255 127.0.0.1 lo0 8232 2 UH 0 0\n';
    return said(
      `\nIRE Table: IPv4\n  Destination\n-----\n${inet.map(line4).join('')}${own}` +
        `\nIRE Table: IPv6\n  Destination/Mask\n-----\n${inet6.map(line6).join('')}::1 ::1 lo0 8252 2 UH 0 0\n`,
    );
  }

  function svcadm([verb = '', ...args]: readonly string[]): CommandResult {
    const fmri = args.at(-1) ?? '';
    const state = services.get(fmri);
    if (state === undefined) return failed(1, `svcadm: Pattern '${fmri}' doesn't match any instances`);
    if (verb === 'enable' && state === 'disabled') services.set(fmri, 'offline');
    if (verb === 'disable') {
      services.set(fmri, 'disabled');
      // It requires ipfilter, and restarts with it.
      if (fmri === IPFILTER && services.get(FORWARDING) === 'online') services.set(FORWARDING, 'offline');
    }
    if (verb === 'clear' && state === 'maintenance') services.set(fmri, 'offline');
    return DONE;
  }

  function svcs(fmris: readonly string[]): CommandResult {
    const lines = fmris.flatMap((fmri) => (services.has(fmri) ? [`${services.get(fmri)} ${fmri}\n`] : []));
    const missing = fmris.filter((fmri) => !services.has(fmri));
    if (missing.length === 0) return said(lines.join(''));
    const words = missing.map((fmri) => `svcs: Pattern '${fmri}' doesn't match any instances\n`);
    return failed(1, words.join(''), lines.join(''));
  }

  function setProperty(name: string, value: string): void {
    properties.set(name, value.replace(/^"|"$/g, '').replace(/\\(.)/g, '$1'));
  }

  function svccfg(args: readonly string[]): CommandResult {
    if (args[2] === 'setprop') setProperty(args[3] ?? '', args[6] ?? '');
    else {
      for (const line of (files.get(args[3] ?? '') ?? '').split('\n')) {
        const [, name, value] = /^setprop (\S+) = \w+: (.*)$/.exec(line) ?? [];
        if (name !== undefined && value !== undefined) setProperty(name, value);
      }
    }
    return DONE;
  }

  function svcprop(args: readonly string[]): CommandResult {
    const name = args[args.indexOf('-p') + 1] ?? '';
    const one = properties.get(name);
    if (one !== undefined) return said(`${one}\n`);
    const group = [...properties].filter(([key]) => key.startsWith(`${name}/`));
    if (group.length === 0) return failed(1, `svcprop: Couldn't find property group \`${name}'`);
    return said(group.map(([key, value]) => `${key} astring ${value === '' ? '""' : value}\n`).join(''));
  }

  /** Adds rules one by one; what the kernel refuses is told on stderr, with exit status 0 (§7.2). */
  function load(file: string, into: string[], what: string): CommandResult {
    for (const rule of rulesOf(file)) {
      if (into.includes(rule)) return failed(0, `5:ioctl(add/insert ${what}): File exists`);
      into.push(rule);
    }
    return DONE;
  }

  function ipf(args: readonly string[]): CommandResult {
    const family = args.includes('-6') ? 'inet6' : 'inet';
    const file = args.includes('-f') ? (args.at(-1) ?? '') : undefined;
    if (args.includes('-s')) {
      [kernel.active, kernel.inactive] = [kernel.inactive, kernel.active];
      return said('Set 0 now inactive\n');
    }
    if (file === undefined) {
      kernel.inactive[family] = [];
      return DONE;
    }
    const bad = rulesOf(file).find((rule) => !/^(pass|block) (in|out)\b/.test(rule));
    if (bad !== undefined) return failed(1, `syntax error error at "${bad.split(' ')[0]}", line 4`);
    if (args.includes('-n')) return said(args.includes('-v') ? lines(rulesOf(file)) : '');
    return load(file, kernel.inactive[family], 'rule');
  }

  function ipfstat(args: readonly string[]): CommandResult {
    const rules = kernel.active[args.includes('-6') ? 'inet6' : 'inet'];
    const directed = (direction: string) => rules.filter((rule) => rule.split(' ')[1] === direction);
    return said(lines([...directed('out'), ...directed('in')]));
  }

  function ipnat(args: readonly string[]): CommandResult {
    if (args.includes('-l')) {
      return said(
        `List of active MAP/Redirect filters:\n${lines(kernel.nat)}\nList of active sessions:\nMAP 10.2.0.2 1\n`,
      );
    }
    const rules = rulesOf(args.at(-1) ?? '');
    if (args.includes('-n')) return said(args.includes('-v') ? lines(rules) : '');
    kernel.nat = [];
    return load(args.at(-1) ?? '', kernel.nat, 'nat rule');
  }

  function answer({ program, args }: Command): CommandResult {
    switch (program) {
      case '/usr/sbin/ipadm':
        return ipadm(args);
      case '/usr/sbin/route':
        return route(args);
      case '/usr/bin/netstat':
        return netstat();
      case '/usr/sbin/dladm':
        return said([...mtus].map(([link, mtu]) => `${link}:vnic:${mtu}:?\n`).join(''));
      case '/usr/sbin/routeadm':
        properties.set('routeadm/ipv4-routing-set', 'true');
        return DONE;
      case '/usr/bin/svcs':
        return svcs(args.slice(3));
      case '/usr/sbin/svcadm':
        return svcadm(args);
      case '/usr/sbin/svccfg':
        return svccfg(args);
      case '/usr/bin/svcprop':
        return svcprop(args);
      case '/usr/sbin/ipf':
        return ipf(args);
      case '/usr/sbin/ipfstat':
        return ipfstat(args);
      case '/usr/sbin/ipnat':
        return ipnat(args);
      case '/opt/zonenet/method/zonenet-names':
        return { ...DONE, stderr: 'dnsmasq: syntax check OK.\n' };
      default:
        throw new Error(`the fake zone has no ${program}`);
    }
  }

  /** Makes a change, unless the method is killed there. */
  function change<T>(what: string, make: () => T): T {
    const number = zone.changes.push(what);
    if (zone.kill?.at === number && zone.kill.when === 'before') throw new Killed(what);
    const result = make();
    if (zone.kill?.at === number) throw new Killed(what);
    return result;
  }

  let clock = 0;
  const system: System = {
    async run(command) {
      const line = [command.program, ...command.args].join(' ');
      const given = [...zone.answers].find(([start]) => line.startsWith(start));
      if (given !== undefined) return given[1];
      return isQuestion(command) ? answer(command) : change(line, () => answer(command));
    },
    readFile: async (path) => files.get(path),
    readHead: async (path, bytes) => files.get(path)?.slice(0, bytes),
    writeFile: async ({ path, content }) =>
      change(`write ${path}`, () => {
        if (!directories.has(dirname(path))) throw new Error(`no directory for ${path}`);
        links.delete(path);
        files.set(path, content);
      }),
    writeFiles: async () => {
      throw new Error('the method writes file by file');
    },
    makeDirectory: async (path) => {
      directories.add(path);
    },
    remove: async (path) => {
      files.delete(path);
    },
    cutOff: async () => [],
    list: async (path) =>
      [...files.keys()]
        .filter((file) => dirname(file) === path.replace(/\/$/, ''))
        .map((file) => file.slice(file.lastIndexOf('/') + 1))
        .sort(),
    stampOf: async () => undefined,
    listStamped: async () => {
      throw new Error('nothing in a zone asks for stamps');
    },
    appendNotes: async () => {
      throw new Error('nothing in a zone keeps notes');
    },
    attributesOf: async () => undefined,
    kindOf: async (path) => {
      if (links.has(path)) return 'link';
      if (files.has(path)) return 'file';
      return directories.has(path) ? 'directory' : undefined;
    },
    log: (text) => zone.log.push(text),
    monotonic: () => clock,
    sleep: async (milliseconds) => {
      clock += milliseconds;
    },
  };
  const state = {
    files,
    directories,
    links,
    mtus,
    interfaces,
    ipMtus,
    addresses,
    routes,
    leases,
    services,
    properties,
    kernel,
  };
  return Object.assign(zone, { ...state, startIpfilter, reboot, system });
}

const lines = (rules: readonly string[]) => rules.map((rule) => `${rule}\n`).join('');

function isQuestion({ program, args }: Command): boolean {
  if (/\/(netstat|dladm|svcs|svcprop|ipfstat)$/.test(program)) return true;
  if (/\/(ipf|ipnat)$/.test(program)) return args.includes('-n') || args.includes('-l');
  return program.endsWith('/ipadm') && /^show-/.test(args[0] ?? '');
}
