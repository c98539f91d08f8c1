// nginx, haproxy, dnsmasq and a DHCP client, the real ones, in zones: as services, by redirection from outside, as
// root and with one id (lab.md parts 8, 12, 20).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { rejects } from '../support/assertions.ts';
import { missingPrograms } from '../support/programs.ts';
import type { Mode } from './bring-up.ts';
import { type LabHandle, startLab } from './lab.ts';
import { type Internet, startInternet } from './outside/internet.ts';
import { type Peer, startPeer } from './outside/peer.ts';
import {
  haproxyConfiguration,
  manifestOf,
  nginxConfiguration,
  type RealService,
  realServices,
} from './support/real-services.ts';
import { bootHiddenNetwork } from './support/zones.ts';

const OUTSIDE = '203.0.113.5';
const RULES = `rdr pnic0 ${OUTSIDE}/32 port 80 -> 10.2.0.2 port 80 tcp
rdr pnic0 ${OUTSIDE}/32 port 8080 -> 10.2.0.2 port 8080 tcp
rdr pnic0 ${OUTSIDE}/32 port 53 -> 10.2.0.2 port 53 udp
`;
const PATIENCE_MS = 60_000;

interface Context {
  readonly lab: LabHandle;
  readonly internet: Internet;
  readonly db: Peer;
}

/** Imports a service into zone web, disabled, with its files. */
async function deliver(lab: LabHandle, service: RealService): Promise<void> {
  for (const [path, text] of Object.entries(service.files)) await lab.writeFile('web', path, text);
  await lab.writeFile('web', '/var/svc/manifest/site/it.xml', manifestOf(service));
  await lab.mustRun(['svccfg', 'import', '/var/svc/manifest/site/it.xml'], { zone: 'web' });
}

const svcadm = (lab: LabHandle, ...args: string[]) => lab.mustRun(['svcadm', ...args], { zone: 'web' });

/** Asks until the answer is the one wanted: a server that rereads its configuration tells nobody when it has. */
async function answers<T>(wanted: T, ask: () => Promise<T>): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  let last: unknown;
  do {
    last = await ask().catch((error: unknown) => error);
    if (last === wanted) return;
  } while (Date.now() < end);
  assert.is(last, wanted);
}

/** How often SMF has found the processes of a service gone. Its states in between may pass before anybody looks. */
async function deaths(lab: LabHandle, fmri: string): Promise<number> {
  const log = await lab.readFile('web', `/var/svc/log/${fmri.slice('svc:/'.length).replaceAll('/', '-')}.log`);
  return log.split('Stopping because all processes in service exited.').length - 1;
}

/** Kills every process of a program in zone web, which has its own pids, and waits for SMF to start it anew. */
async function killAndRestart(lab: LabHandle, { program, fmri }: RealService): Promise<void> {
  const before = await deaths(lab, fmri);
  // Stopped first: a worker ends by itself when its master is gone, and may be faster than the signal for it; so may one of
  // before the last refresh.
  await lab.run(`pkill -STOP -x ${program}; pkill -KILL -x ${program}`, { zone: 'web' });
  await answers(before + 1, () => deaths(lab, fmri));
  await lab.reached('web', fmri, 'online', PATIENCE_MS);
}

/** Runs the program's own checker on the configuration it has, and on one with a word it does not know. */
async function checkerTells(lab: LabHandle, { check, configuration }: RealService): Promise<void> {
  assert.is((await lab.run(check(configuration), { zone: 'web' })).status, 0);
  const bad = `${await lab.readFile('web', configuration)}no-such-word here\n`;
  await lab.writeFile('web', '/tmp/bad', bad);
  assert.is.not((await lab.run(check('/tmp/bad'), { zone: 'web' })).status, 0);
}

async function stops(lab: LabHandle, service: RealService): Promise<void> {
  await svcadm(lab, 'disable', '-s', service.fmri);
  assert.is((await lab.run(['pgrep', '-x', service.program], { zone: 'web' })).stdout, '');
}

function servicesSuite(mode: Mode) {
  const test = suite<Context>(`real services (${mode})`);
  const { nginx, haproxy, dnsmasq } = realServices(mode);

  test.before(async (context) => {
    const lab = await startLab({ mode });
    const internet = await startInternet(lab);
    await bootHiddenNetwork(lab, ['web', 'db']);
    await lab.mustRun(['svcadm', 'enable', '-st', 'network/ipfilter'], { zone: 'router' });
    await lab.mustRun(['ipnat', '-f', '-'], { zone: 'router', stdin: RULES });
    Object.assign(context, { lab, internet, db: await startPeer(lab, { zone: 'db' }) });
  });
  test.after(({ lab }) => lab.stop());

  /** A test of one program; where it is missing, it says so. */
  const withProgram = (programs: readonly string[], name: string, body: (context: Context) => Promise<void>) => {
    const missing = missingPrograms(programs);
    if (missing.length === 0) test(name, body);
    else process.stdout.write(`SKIPPED: ${name} (${mode}), no ${missing.join(', ')}\n`);
  };

  test('a redirection to a port where nobody listens is refused, and one that is not there is too', async ({
    internet,
  }) => {
    for (const port of [80, 81])
      assert.is((await rejects(() => internet.tcp(OUTSIDE, port))).message, 'open: ECONNREFUSED');
  });

  withProgram(['nginx'], 'nginx answers a neighbour and, redirected, the outside', async ({ lab, internet, db }) => {
    await deliver(lab, nginx);
    await svcadm(lab, 'enable', '-s', nginx.fmri);
    assert.is((await db.get('http://10.2.0.2/')).body, 'hello to 10.2.0.3\n');
    assert.is((await db.get('http://[fd00:2::2]/')).body, 'hello to fd00:2::3\n');
    assert.is((await internet.get(`http://${OUTSIDE}/`)).body, 'hello to 203.0.113.1\n');
    await checkerTells(lab, nginx);
    await lab.writeFile('web', nginx.configuration, nginxConfiguration(mode, 'good morning'));
    await svcadm(lab, 'refresh', nginx.fmri);
    await answers('good morning to 10.2.0.3\n', async () => (await db.get('http://10.2.0.2/')).body);
    await killAndRestart(lab, nginx);
    await answers('good morning to 203.0.113.1\n', async () => (await internet.get(`http://${OUTSIDE}/`)).body);
  });

  withProgram(['nginx', 'haproxy'], 'haproxy hands requests on to it', async ({ lab, internet, db }) => {
    await deliver(lab, haproxy);
    await svcadm(lab, 'enable', '-s', haproxy.fmri);
    const header = async (peer: Pick<Peer, 'get'>, url: string) => (await peer.get(url)).headers['x-proxy'];
    await answers('first', () => header(db, 'http://10.2.0.2:8080/'));
    assert.is(await header(internet, `http://${OUTSIDE}:8080/`), 'first');
    assert.is((await db.get('http://10.2.0.2:8080/')).body, 'good morning to 127.0.0.1\n');
    await checkerTells(lab, haproxy);
    await lab.writeFile('web', haproxy.configuration, haproxyConfiguration('second'));
    await svcadm(lab, 'refresh', haproxy.fmri);
    await answers('second', () => header(db, 'http://10.2.0.2:8080/'));
    await killAndRestart(lab, haproxy);
    await answers('second', () => header(internet, `http://${OUTSIDE}:8080/`));
    await stops(lab, haproxy);
    await stops(lab, nginx);
    assert.is((await rejects(() => db.get('http://10.2.0.2/'))).message, 'answer: ECONNREFUSED');
  });

  withProgram(['dnsmasq', 'busybox'], 'dnsmasq answers for names, and rereads them', async ({ lab, internet }) => {
    await deliver(lab, dnsmasq);
    await svcadm(lab, 'enable', '-s', dnsmasq.fmri);
    const lookUp = 'busybox nslookup -type=a www.back.example';
    const ask = async (zone: string, server: string) =>
      /^Name:.*\nAddress: (\S+)$/m.exec((await lab.run(`${lookUp} ${server}`, { zone })).stdout)?.[1];
    await answers('10.2.0.2', () => ask('db', '10.2.0.2'));
    const outside = await internet.run(['sh', '-c', `${lookUp} ${OUTSIDE}`]);
    assert.match(outside.stdout, 'Address: 10.2.0.2\n');
    await checkerTells(lab, dnsmasq);
    await lab.writeFile('web', '/etc/inet/names', '10.2.0.9 www.back.example\n');
    await svcadm(lab, 'refresh', dnsmasq.fmri);
    await answers('10.2.0.9', () => ask('db', '10.2.0.2'));
    await killAndRestart(lab, dnsmasq);
    await answers('10.2.0.9', () => ask('db', '10.2.0.2'));
  });

  withProgram(['dnsmasq', 'busybox'], 'a zone takes its address from another zone’s dnsmasq', async ({ lab }) => {
    await lab.mustRun('route -n delete default 10.2.0.1; ipadm delete-addr znic2/v4', { zone: 'db' });
    await lab.mustRun(['ipadm', 'create-addr', '-t', '-T', 'dhcp', 'znic2/dhcp'], { zone: 'db' });
    const shown = await lab.mustRun('ipadm show-addr -p -o type,state,addr znic2/dhcp', { zone: 'db' });
    assert.match(shown, /^dhcp:ok:10\.2\.0\.(5\d|60)\/24\n$/);
    assert.match(await lab.mustRun(['cat', '/var/run/dnsmasq.leases'], { zone: 'web' }), / 10\.2\.0\./);
    assert.is((await lab.run('ping -n -c 1 -W 5 203.0.113.5', { zone: 'db' })).status, 0);
    await stops(lab, dnsmasq);
  });

  test.run();
}

const modes: readonly Mode[] = process.getuid?.() === 0 ? ['userns', 'rootless'] : ['rootless'];
for (const mode of modes) servicesSuite(mode);
