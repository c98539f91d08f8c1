// The boot of a zone beside a shell with the same commands and an empty Node: runs in the namespaces that ../in-namespaces.ts makes.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAddress } from '../../../src/domain/address.ts';
import { parseRedirect } from '../../../src/domain/forward.ts';
import type { ZoneMetadata } from '../../../src/domain/metadata.ts';
import { parseZoneName } from '../../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../../src/domain/prefix.ts';
import { parseResolvedRule } from '../../../src/domain/resolved-rule.ts';
import { parseServedSite } from '../../../src/domain/site.ts';
import { formatMetadata } from '../../../src/ini/metadata.ts';
import { formatBootProgram } from '../../../src/plan/boot-program.ts';
import { filesFor, prepareFiles, renderFiles } from '../../../src/plan/rendering.ts';
import { NOTHING_OWN } from '../../../src/plan/zone-inputs.ts';
import { digestOf } from '../../../src/render/digest.ts';
import { memberMetadata, proxyMetadata } from '../../support/metadata.ts';
import { formatRatio, measure, median } from '../measure.ts';
import { runProgram } from '../run.ts';
import { callsOf, canZone, reboot } from './canned-zone.ts';

const ZONE = parseZoneName('zone');
const METHOD = '/opt/zonenet/method/zonenet';
const PROGRAM = '/etc/zonenet/host/boot';
const FLOOR = '/var/floor.sh';
const ROUNDS = 31;

const print = (text: string) => process.stdout.write(text);

const SERVICES = `disabled       svc:/network/zonenet-ipv6:default
offline        svc:/network/ipfilter:default
online         svc:/system/identity:domain
offline        svc:/network/zonenet-forwarding:default
disabled       svc:/network/zonenet-names:default
online         svc:/system/name-service-cache:default
disabled       svc:/network/zonenet-web:nginx
disabled       svc:/network/zonenet-web:haproxy
`;

/** Publishes a zone with its plan made ahead, and lets it boot once, so that all its files are there. */
async function set(metadata: ZoneMetadata, services: string): Promise<void> {
  canZone({
    links: metadata.nics.map(({ link, mtu }) => `${link}:${mtu}\n`).join(''),
    services,
    forwards: metadata.nics.map(({ link }) => `${link}:ipv4:forwarding:on\n${link}:ipv6:forwarding:off\n`).join(''),
  });
  for (const path of ['/etc/zonenet/host', '/etc/inet', '/etc/ipf', '/etc/svc/volatile', '/var/zonenet']) {
    rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
  }
  await publish(metadata);
  await start();
}

/** As the host does: the metadata, and the boot that is planned ahead with them. */
async function publish(metadata: ZoneMetadata): Promise<void> {
  const text = formatMetadata(metadata);
  writeFileSync('/etc/zonenet/host/metadata.ini', text);
  const { files: all, compiled } = await prepareFiles([]);
  const files = renderFiles(filesFor(all, metadata), metadata, { layers: [], vars: {} }, compiled);
  const edition = readFileSync('/opt/zonenet/lib/edition', 'utf8');
  const program = formatBootProgram({
    text,
    metadata,
    files,
    digest: digestOf(text),
    edition,
    own: NOTHING_OWN,
    owners: new Map(),
  });
  if (program === undefined) throw new Error('no plan');
  writeFileSync(PROGRAM, program);
}

async function start(method = 'start'): Promise<string> {
  return await runProgram([METHOD, method]);
}

/** As before its first boot with this configuration; what V8 compiled is there from one before. */
function reset(): void {
  reboot();
  const states = readdirSync('/var/zonenet').filter((name) => !name.startsWith('code-'));
  const paths = [...states.map((name) => `/var/zonenet/${name}`), '/etc/nodename', '/etc/inet/hosts', '/etc/ipf'];
  for (const path of paths) rmSync(path, { recursive: true, force: true });
  mkdirSync('/etc/ipf', { recursive: true });
}

/** Writes a shell's program of the commands that something calls. Gives how many there are. */
async function writeFloor(work: () => Promise<unknown>): Promise<number> {
  const calls = await callsOf(async () => void (await work()));
  writeFileSync(FLOOR, calls.map((line) => `${line} >/dev/null 2>&1\n`).join(''));
  return calls.length;
}

/** A boot or a refresh in its turn with a shell that runs the same commands, and an empty Node; each after the same preparation. */
async function measureBoot(before: () => void | Promise<void>, boot: () => Promise<unknown>, rounds = ROUNDS) {
  await before();
  const commands = await writeFloor(boot);
  const run = (argv: readonly string[]) => () => runProgram(argv);
  const times = await measure(
    [
      { name: 'boot', before, run: boot },
      { name: 'shell', before, run: run(['/bin/sh', FLOOR]) },
      { name: 'node', before, run: run([process.execPath, '-e', '0']) },
    ],
    rounds,
  );
  const [booted = 0, shell = 0, node = 0] = ['boot', 'shell', 'node'].map((name) => times.get(name));
  return { commands: `${commands} commands`, booted, shell, node };
}

/** Boots by the plan made ahead, with nothing new and with a changed configuration; and a changed one by Node. */
async function benchBoot(what: string, metadata: ZoneMetadata): Promise<void> {
  await set(metadata, SERVICES);
  const ahead = async () => {
    const said = await start();
    if (!said.includes('made ahead')) throw new Error(`the plan does not fit: ${said}`);
    return said;
  };
  const same = await measureBoot(reboot, ahead);
  print(formatRatio(`boot of ${what}, unchanged, ${same.commands}`, same.booted, 'P', same.shell));
  const changed = await measureBoot(reset, ahead);
  const floor = (one: typeof changed) => one.node + one.shell;
  print(formatRatio(`  changed, by its plan, ${changed.commands}`, changed.booted, 'N + P', floor(changed)));
  rmSync(PROGRAM);
  reset();
  await start();
  const byNode = await measureBoot(reset, start);
  print(formatRatio(`  changed, by Node that ran before, ${byNode.commands}`, byNode.booted, 'N + P', floor(byNode)));
}

const addressOf = (index: number) => `10.2.${(index + 10) >> 8}.${(index + 10) & 255}`;

/** A proxy on a /16. */
function wideProxy(generation: number): ZoneMetadata {
  const own = proxyMetadata({ zone: ZONE, generation });
  return {
    ...own,
    nics: own.nics.map((nic) =>
      nic.side === 'inside' ? { ...nic, addresses: [parseInterfaceAddress('10.2.0.1/16')] } : nic,
    ),
    networks: own.networks.map((network) => ({ ...network, prefixes: [parsePrefix('10.2.0.0/16')] })),
    members: [],
  };
}

/** Many sites and forwards: one site goes and comes. */
function servingProxy(count: number): (generation: number) => ZoneMetadata {
  const zones = Array.from({ length: count / 4 }, (_, index) => parseZoneName(`web${index}`));
  const state = (zone: number, site: number, generation: number) =>
    zone === 7 && site === 0 && generation % 2 === 0 ? 'down' : 'up';
  return (generation) => ({
    ...wideProxy(generation),
    sites: zones.map((zone, index) => ({
      zone,
      sites: [0, 1, 2, 3].map((site) =>
        parseServedSite(
          `${addressOf(index)} ${state(index, site, generation)} http s${site}.${zone}.example.org 80 / 8080 haproxy`,
        ),
      ),
    })),
    forwards: zones.map((zone, index) => ({
      zone,
      redirects: [0, 1, 2, 3].map((port) =>
        parseRedirect(`tcp 203.0.113.5 ${1000 + index * 4 + port} ${addressOf(index)} 22`),
      ),
    })),
  });
}

/** Many rules of its own, of a line each in ipf.conf: one of them comes and goes. */
function filteringProxy(count: number): (generation: number) => ZoneMetadata {
  const rules = Array.from({ length: count }, (_, index) =>
    parseResolvedRule(`allow in tcp from any to ${addressOf(index >> 3)}/32 port ${1000 + index}`),
  );
  return (generation) => ({ ...wideProxy(generation), rules: rules.slice(generation % 2) });
}

/** Many zones behind it, with names: one goes and comes. */
function namingProxy(count: number): (generation: number) => ZoneMetadata {
  const members = Array.from({ length: count }, (_, index) => ({
    zone: parseZoneName(`web${index}`),
    addresses: [parseAddress(addressOf(index))],
    leases: [],
  }));
  return (generation) => ({ ...wideProxy(generation), members: members.slice(generation % 2) });
}

/** A refresh after one change, rendered ahead by the host, and by the zone: what it costs beyond the programs it runs. */
async function benchRefresh(
  what: string,
  metadata: (generation: number) => ZoneMetadata,
  programs: readonly string[] = [],
): Promise<void> {
  // As it is when all of it has run for a while.
  const online = ['network/ipfilter:default', 'network/zonenet-forwarding:default', ...programs];
  const lines = SERVICES.split('\n').map((line) =>
    online.some((one) => line.endsWith(one)) ? line.replace(/^\S+ +/, 'online         ') : line,
  );
  await set(metadata(1), lines.join('\n'));
  let generation = 1;
  const refresh = async () => {
    const said = await start('refresh');
    if (!said.includes('refreshing')) throw new Error(said);
  };
  for (const who of ['the host', 'the zone']) {
    const change = async () => {
      await publish(metadata(++generation));
      if (who === 'the zone') rmSync(PROGRAM);
    };
    await change();
    await refresh();
    const { commands, booted: refreshed, shell, node } = await measureBoot(change, refresh, 11);
    print(formatRatio(`refresh of ${what}, rendered by ${who}, ${commands}`, refreshed, 'N + P', node + shell));
    print(
      `  beyond N ${(refreshed - node).toFixed(1)} ms, beyond N and P ${(refreshed - node - shell).toFixed(1)} ms; checkers of its files not among them\n`,
    );
  }
}

/**
 * Zones that boot at once on all cores, beside as many shells with the same commands: each in a mount namespace where /etc and
 * /var are its own.
 */
async function benchMany(count: number): Promise<void> {
  const metadata = memberMetadata({ zone: ZONE });
  await set(metadata, SERVICES);
  reboot();
  await writeFloor(start);
  const zones = Array.from({ length: count }, (_, index) => `/opt/zones/${index}`);
  for (const zone of zones) {
    mkdirSync(zone, { recursive: true });
    for (const name of ['etc', 'var']) cpSync(`/${name}`, `${zone}/${name}`, { recursive: true });
  }
  const all = async (argv: readonly string[], wanted: string) => {
    for (const zone of zones) rmSync(`${zone}/var/canned/up`, { recursive: true, force: true });
    for (const zone of zones) mkdirSync(`${zone}/var/canned/up`);
    const started = zones.map((zone) => startWaiting(zone, argv));
    await Promise.all(started.map(({ ready }) => ready));
    const began = performance.now();
    for (const { go } of started) go();
    const said = await Promise.all(started.map(({ ended }) => ended));
    const took = performance.now() - began;
    const other = said.find((text) => !text.includes(wanted));
    if (other !== undefined) throw new Error(`not "${wanted}": ${other}`);
    return took;
  };
  const times: Record<'boots' | 'shells', number[]> = { boots: [], shells: [] };
  for (let round = 0; round < 5; round++) {
    times.boots.push(await all([METHOD, 'start'], 'made ahead'));
    times.shells.push(await all(['/bin/sh', FLOOR], ''));
  }
  rmSync('/opt/zones', { recursive: true });
  print(
    formatRatio(`${count} members boot at once, unchanged`, median(times.boots), 'as many P', median(times.shells)),
  );
}

/** A program in a zone's place that begins when it is told to. */
function startWaiting(zone: string, argv: readonly string[]) {
  const mount = 'mount --bind "$0/etc" /etc && mount --bind "$0/var" /var && echo ready && read -r go && exec "$@"';
  const child = spawn('/usr/bin/unshare', ['--mount', '/bin/sh', '-c', mount, zone, ...argv], {
    env: { PATH: '/usr/sbin:/usr/bin:/bin', LC_ALL: 'C' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  const ready = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (more) => {
      text += more;
      if (text.includes('ready')) resolve();
    });
  });
  const ended = new Promise<string>((resolve, reject) => {
    child.on('error', reject).on('close', (status) => {
      if (status === 0) resolve(text);
      else reject(new Error(`${argv.join(' ')} in ${zone}: status ${status}: ${text}`));
    });
  });
  return { ready, ended, go: () => child.stdin.end('go\n') };
}

async function benchLoading(): Promise<void> {
  const sizeOf = (name: string) => `${name}, ${(statSync(`/opt/zonenet/lib/${name}`).size / 1000).toFixed(0)} KB`;
  await set(memberMetadata({ zone: ZONE }), SERVICES);
  rmSync(PROGRAM);
  await start();
  // Its first act fails: no lock can be made there.
  rmSync('/etc/svc/volatile', { recursive: true, force: true });
  writeFileSync('/etc/svc/volatile', '');
  const load = async () => {
    const child = spawn(process.execPath, ['/opt/zonenet/lib/start-method.cjs', 'start'], {
      env: { LC_ALL: 'C', SMF_ZONENAME: 'zone' },
      stdio: 'ignore',
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    if (status === 0) throw new Error('it went on without a lock');
  };
  const times = await measure(
    [
      { name: 'load', run: load },
      { name: 'node', run: () => runProgram([process.execPath, '-e', '0']) },
    ],
    ROUNDS,
  );
  const [loaded = 0, node = 0] = [times.get('load'), times.get('node')];
  print(
    `${`${sizeOf('method.cjs')}, loaded (${sizeOf('render.cjs')}, when something is new)`.padEnd(58)} ${loaded.toFixed(1).padStart(8)} ms   N ${node.toFixed(1)} ms   beyond ${(loaded - node).toFixed(1)} ms\n`,
  );
}

/** Unpacked by .ci/setup.mjs. */
const PEERS = join(import.meta.dirname, '../../../../node_modules/.zonenet-peers');

/** What others take to render two interfaces, where they can be had, beside what a boot by Node takes for its files. */
async function benchPeers(): Promise<void> {
  const peers: [string, readonly string[]][] = [
    [
      'netplan, its generator',
      [
        '/usr/bin/env',
        `LD_LIBRARY_PATH=${PEERS}/usr/lib/x86_64-linux-gnu`,
        `${PEERS}/usr/libexec/netplan/generate`,
        '--root-dir',
        '/var/peer',
      ],
    ],
    [
      'cloud-init, devel net-convert',
      [
        '/usr/bin/env',
        `PYTHONPATH=${PEERS}/usr/lib/python3/dist-packages`,
        '/usr/bin/python3',
        '-m',
        'cloudinit.cmd.main',
        'devel',
        'net-convert',
        '-p',
        '/var/peer/etc/netplan/a.yaml',
        '-k',
        'yaml',
        '-d',
        '/var/peer/out',
        '-D',
        'debian',
        '-O',
        'eni',
      ],
    ],
  ];
  for (const [name, argv] of peers) {
    if (!existsSync(argv[2] ?? '') || !existsSync(PEERS)) {
      print(`SKIPPED: ${name}: it could not be downloaded\n`);
      continue;
    }
    const run = async () => {
      rmSync('/var/peer', { recursive: true, force: true });
      mkdirSync('/var/peer/etc/netplan', { recursive: true });
      writeFileSync('/var/peer/etc/netplan/a.yaml', NETPLAN, { mode: 0o600 });
      await runProgram(argv);
    };
    const times = await measure(
      [
        { name, run },
        { name: 'sh', run: () => runProgram(['/bin/sh', '-c', ':']) },
      ],
      7,
    );
    print(
      formatRatio(
        `${name}: two interfaces rendered, nothing made`,
        times.get(name) ?? 0,
        'an empty sh',
        times.get('sh') ?? 0,
      ),
    );
  }
}

const NETPLAN = `network:
  version: 2
  ethernets:
    pnic0: {addresses: [203.0.113.5/24], routes: [{to: 0.0.0.0/0, via: 203.0.113.1}]}
    znic0: {addresses: [10.2.0.1/24]}
`;

await benchBoot('a member', memberMetadata({ zone: ZONE }));
await benchBoot('a proxy', proxyMetadata({ zone: ZONE }));
await benchMany(100);
await benchRefresh('1000 sites, 1000 forwards', servingProxy(1000), ['network/zonenet-web:haproxy']);
await benchRefresh('a proxy with 1000 zones', namingProxy(1000));
await benchRefresh('a proxy with rule files of 5000 lines', filteringProxy(5000));
await benchLoading();
await benchPeers();
