// The boot of a zone beside a shell with the same commands and an empty Node: runs in the namespaces that ../in-namespaces.ts makes.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { parseRedirect } from '../../../src/domain/forward.ts';
import type { ZoneMetadata } from '../../../src/domain/metadata.ts';
import { parseZoneName } from '../../../src/domain/names.ts';
import { parseInterfaceAddress, parsePrefix } from '../../../src/domain/prefix.ts';
import { parseServedSite } from '../../../src/domain/site.ts';
import { formatMetadata } from '../../../src/ini/metadata.ts';
import { formatBootProgram, NOTHING_OWN } from '../../../src/plan/boot-program.ts';
import { filesFor, managedFilesOf, renderFiles } from '../../../src/plan/rendering.ts';
import { memberMetadata, proxyMetadata } from '../../support/metadata.ts';
import { formatRatio, measure } from '../measure.ts';
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
  const text = formatMetadata(metadata);
  writeFileSync('/etc/zonenet/host/metadata.ini', text);
  const files = await renderFiles(filesFor(managedFilesOf([]), metadata), metadata, { layers: [], vars: {} });
  const edition = readFileSync('/opt/zonenet/lib/edition', 'utf8');
  const digest = createHash('sha256').update(text).digest('hex');
  const program = formatBootProgram({ text, metadata, files, digest, edition, own: NOTHING_OWN, owners: new Map() });
  if (program === undefined) throw new Error('no plan');
  writeFileSync(PROGRAM, program);
  await start();
}

async function start(method = 'start'): Promise<string> {
  return await runProgram([METHOD, method]);
}

/** A boot whose plan fits, the same by Node, and a shell with the commands of the first. */
async function benchBoot(what: string, metadata: ZoneMetadata, services: string): Promise<void> {
  await set(metadata, services);
  reboot();
  let said = '';
  const calls = await callsOf(async () => {
    said = await start();
  });
  if (!said.includes('made ahead')) throw new Error(`the plan does not fit: ${said}`);
  writeFileSync(FLOOR, `${calls.map((line) => `${line} >/dev/null\n`).join('')}`);
  const named = async (wanted: string, run: () => Promise<string>) => {
    reboot();
    const text = await run();
    if (!text.includes(wanted)) throw new Error(`not "${wanted}": ${text}`);
  };
  const times = await measure(
    [
      { name: 'ahead', run: () => named('made ahead', start) },
      {
        name: 'shell',
        run: async () => {
          reboot();
          await runProgram(['/bin/sh', FLOOR]);
        },
      },
    ],
    ROUNDS,
  );
  const at = (name: string) => times.get(name) ?? Number.NaN;
  print(
    formatRatio(
      `boot of ${what}, unchanged, ${calls.length} commands`,
      at('ahead'),
      'P, sh with the same',
      at('shell'),
    ),
  );
}

/** Node's part: a boot that nothing was planned for, in a zone where the method has run before, beside the commands it runs. */
async function benchNode(what: string, metadata: ZoneMetadata, services: string): Promise<void> {
  await set(metadata, services);
  rmSync(PROGRAM);
  const fresh = () => {
    reboot();
    const states = readdirSync('/var/zonenet').filter((name) => !name.startsWith('code-'));
    for (const path of [
      ...states.map((name) => `/var/zonenet/${name}`),
      '/etc/nodename',
      '/etc/inet/hosts',
      '/etc/ipf',
    ])
      rmSync(path, { recursive: true, force: true });
    mkdirSync('/etc/ipf', { recursive: true });
  };
  fresh();
  const calls = await callsOf(async () => void (await start()));
  writeFileSync(FLOOR, `${calls.map((line) => `${line} >/dev/null 2>&1\n`).join('')}`);
  const run = (argv: readonly string[]) => async () => {
    fresh();
    await runProgram(argv);
  };
  const times = await measure(
    [
      {
        name: 'changed',
        run: async () => {
          fresh();
          await start();
        },
      },
      { name: 'shell', run: run(['/bin/sh', FLOOR]) },
      { name: 'node', run: run([process.execPath, '-e', '0']) },
    ],
    ROUNDS,
  );
  const at = (name: string) => times.get(name) ?? Number.NaN;
  print(
    formatRatio(
      `boot of ${what}, changed, by Node that ran before, ${calls.length} commands`,
      at('changed'),
      'N + P',
      at('node') + at('shell'),
    ),
  );
}

/** A proxy with many sites and forwards, of which one changes: what a refresh costs beyond the programs it runs. */
async function benchRefresh(count: number): Promise<void> {
  const zones = Array.from({ length: count / 4 }, (_, index) => parseZoneName(`web${index}`));
  const address = (index: number) => `10.2.${(index + 10) >> 8}.${(index + 10) & 255}`;
  const metadata = (generation: number): ZoneMetadata => {
    const own = proxyMetadata({ zone: ZONE, generation });
    const state = (zone: number, site: number) => (zone === 7 && site === 0 && generation % 2 === 0 ? 'down' : 'up');
    return {
      ...own,
      nics: own.nics.map((nic) =>
        nic.side === 'inside' ? { ...nic, addresses: [parseInterfaceAddress('10.2.0.1/16')] } : nic,
      ),
      networks: own.networks.map((network) => ({ ...network, prefixes: [parsePrefix('10.2.0.0/16')] })),
      members: [],
      sites: zones.map((zone, index) => ({
        zone,
        sites: [0, 1, 2, 3].map((site) =>
          parseServedSite(
            `${address(index)} ${state(index, site)} http s${site}.${zone}.example.org 80 / 8080 haproxy`,
          ),
        ),
      })),
      forwards: zones.map((zone, index) => ({
        zone,
        redirects: [0, 1, 2, 3].map((port) =>
          parseRedirect(`tcp 203.0.113.5 ${1000 + index * 4 + port} ${address(index)} 22`),
        ),
      })),
    };
  };
  // As it is when all of it has run for a while.
  const online = ['network/ipfilter:default', 'network/zonenet-forwarding:default', 'network/zonenet-web:haproxy'];
  const lines = SERVICES.split('\n').map((line) =>
    online.some((one) => line.endsWith(one)) ? line.replace(/^\S+ +/, 'online         ') : line,
  );
  await set(metadata(1), lines.join('\n'));
  rmSync(PROGRAM);
  let generation = 1;
  const change = () => writeFileSync('/etc/zonenet/host/metadata.ini', formatMetadata(metadata(++generation)));
  const refresh = async () => {
    const said = await start('refresh');
    if (!said.includes('refreshing')) throw new Error(said);
  };
  change();
  await refresh();
  change();
  const calls = await callsOf(refresh);
  writeFileSync(FLOOR, `${calls.map((line) => `${line} >/dev/null 2>&1\n`).join('')}`);
  const times = await measure(
    [
      {
        name: 'refresh',
        run: async () => {
          change();
          await refresh();
        },
      },
      { name: 'shell', run: async () => void (await runProgram(['/bin/sh', FLOOR])) },
      { name: 'node', run: async () => void (await runProgram([process.execPath, '-e', '0'])) },
    ],
    11,
  );
  const [refreshed = 0, shell = 0, node = 0] = ['refresh', 'shell', 'node'].map((name) => times.get(name));
  print(
    formatRatio(
      `refresh of ${count} sites, ${count} forwards, ${calls.length} commands`,
      refreshed,
      'N + P',
      node + shell,
    ),
  );
  print(`  beyond N and P, checkers of its files not among them: ${(refreshed - node - shell).toFixed(1)} ms\n`);
}

async function benchLoading(): Promise<void> {
  const bundle = '/opt/zonenet/lib/method.cjs';
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
      { name: 'node', run: async () => void (await runProgram([process.execPath, '-e', '0'])) },
    ],
    ROUNDS,
  );
  const [loaded = 0, node = 0] = [times.get('load'), times.get('node')];
  print(
    `${`method.cjs, ${(statSync(bundle).size / 1000).toFixed(0)} KB, loaded`.padEnd(58)} ${loaded.toFixed(1).padStart(8)} ms   N ${node.toFixed(1)} ms   beyond ${(loaded - node).toFixed(1)} ms\n`,
  );
}

/** What others take for two interfaces, where they can be had. */
async function benchPeers(): Promise<void> {
  const peers: [string, readonly string[], () => void][] = [
    [
      'netplan generate, two interfaces',
      ['/usr/sbin/netplan', 'generate', '--root-dir', '/var/peer'],
      () => {
        rmSync('/var/peer', { recursive: true, force: true });
        mkdirSync('/var/peer/etc/netplan', { recursive: true });
        writeFileSync('/var/peer/etc/netplan/a.yaml', NETPLAN, { mode: 0o600 });
      },
    ],
    [
      'cloud-init renders the same (devel net-convert)',
      [
        '/usr/bin/cloud-init',
        'devel',
        'net-convert',
        '-p',
        '/var/peer/net.yaml',
        '-k',
        'yaml',
        '-d',
        '/var/peer/out',
        '-D',
        'debian',
        '-O',
        'eni',
        '-m',
        'a,02:00:00:00:00:01',
      ],
      () => {
        rmSync('/var/peer', { recursive: true, force: true });
        mkdirSync('/var/peer', { recursive: true });
        writeFileSync('/var/peer/net.yaml', NETPLAN);
      },
    ],
  ];
  for (const [name, argv, prepare] of peers) {
    if (!existsSync(argv[0] ?? '')) {
      print(`SKIPPED: ${name}, no ${argv[0]} on this machine\n`);
      continue;
    }
    const times = await measure(
      [
        {
          name,
          run: async () => {
            prepare();
            await runProgram(argv);
          },
        },
        { name: 'sh', run: async () => void (await runProgram(['/bin/sh', '-c', ':'])) },
      ],
      7,
    );
    print(formatRatio(name, times.get(name) ?? 0, 'an empty sh', times.get('sh') ?? 0));
  }
}

const NETPLAN = `network:
  version: 2
  ethernets:
    pnic0: {addresses: [203.0.113.5/24], routes: [{to: 0.0.0.0/0, via: 203.0.113.1}]}
    znic0: {addresses: [10.2.0.1/24]}
`;

await benchBoot('a member', memberMetadata({ zone: ZONE }), SERVICES);
await benchBoot('a proxy', proxyMetadata({ zone: ZONE }), SERVICES);
await benchNode('a member', memberMetadata({ zone: ZONE }), SERVICES);
await benchNode('a proxy', proxyMetadata({ zone: ZONE }), SERVICES);
await benchRefresh(1000);
await benchLoading();
await benchPeers();
