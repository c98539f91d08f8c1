// The first story: zones behind zones (design.md §1). Each part does what a user would do, then proves what it claims.
import { setTimeout } from 'node:timers/promises';
import type { Frame } from '../lab/outside/frame.ts';
import { capture, type Internet } from '../lab/outside/internet.ts';
import type { Stage } from './stage.ts';

const INSIDE = /^10\.2\.0\.\d+$/;
const OUTSIDE_ADDRESS = '203.0.113.5';
const PAGE = 'curl -s --max-time 5 http://203.0.113.1/';

/** Networks, a proxy and two zones behind it. */
export async function create({ say, type }: Stage): Promise<void> {
  say('A hidden network, a proxy zone in front of it, two zones behind it');
  await type('znetadm create-network -a 10.2.0.0/24 back');
  await type('znetadm create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy');
  await type('znetadm create-zone -N back web1');
  await type('znetadm create-zone -N back db1');
  await type('znetadm show-zone');
}

/** (a) The inside reaches the outside, as the proxy. */
export async function reachesOutside({ say, type, prove }: Stage): Promise<void> {
  say('(a) web1 fetches a page outside; the server tells the address it saw');
  const { stdout } = await type(`zlogin web1 ${PAGE}`);
  prove(
    'web1 fetches a page outside through NAT',
    `the server saw ${stdout.trim().replace('peer ', '') || 'nothing'}`,
    stdout === `peer ${OUTSIDE_ADDRESS}\n`,
  );
  const ping = await type('zlogin web1 ping -c 3 -i 0.2 203.0.113.1');
  const answers = /(\d+) received/.exec(ping.stdout)?.[1] ?? '0';
  prove('web1 pings the outside', `${answers} of 3 answers`, answers === '3');
}

/** (b) The outside does not reach the inside, though it knows the way; the inside reaches itself. */
export async function isHidden({ say, type, prove, lab }: Stage, internet: Internet): Promise<void> {
  say('(b) a neighbour on the outside wire sends to 10.2.0.0/24 by way of the proxy; db1 is asked the same');
  await type('zlogin web1 "echo hello from web1 > /tmp/index.html; busybox httpd -p 80 -h /tmp"');
  const inside = await type('zlogin db1 curl -s --max-time 5 http://10.2.0.2/');
  prove('db1 reaches web1', inside.stdout.trim() || 'no answer', inside.stdout === 'hello from web1\n');
  const back = await type('zlogin web1 ping -c 1 10.2.0.3');
  prove('web1 reaches db1', back.status === 0 ? 'answered' : 'no answer', back.status === 0);

  await internet.routeTo('10.2.0.0/24', OUTSIDE_ADDRESS);
  const stub = await capture(lab, 'zstub0');
  const page = await internet.run(['curl', '-s', '--max-time', '1', 'http://10.2.0.2/']);
  const ping = await internet.run(['ping', '-c', '2', '-i', '0.2', '-W', '1', '10.2.0.2']);
  const crossed = (await stub.stop()).filter(({ source }) => source === internet.address);
  prove(
    'the outside cannot reach 10.2.0.2',
    `curl exit ${page.status}, ping exit ${ping.status}`,
    page.status !== 0 && ping.status !== 0,
  );
  prove('no packet from outside is on the hidden wire', `${crossed.length} frames`, crossed.length === 0);
}

const from = (frames: readonly Frame[], test: (source: string) => boolean) =>
  frames.filter(({ kind, source }) => kind === 'ipv4' && source !== undefined && test(source)).length;

/** (c) While the proxy boots, nothing leaves with an inside address. */
export async function neverLeaks({ say, type, prove, lab }: Stage, internet: Internet): Promise<void> {
  say('(c) web1 sends without pause while the proxy reboots; both wires are captured');
  const stream = lab.spawn(['/usr/sbin/zlogin', '-n', 'web1', 'ping -i 0.01 203.0.113.1']);
  await stream.said('bytes from');
  const [outside, hidden] = [await internet.capture(), await capture(lab, 'zstub0')];
  await type('zoneadm -z proxy reboot');
  const end = Date.now() + 60_000;
  const through = () => from(outside.frames(), (source) => source === OUTSIDE_ADDRESS);
  const beforeBoot = through();
  // However fast it boots: fifty packets that could leak, and twenty behind it.
  const sentIn = (frames: readonly Frame[]) => from(frames, (source) => source === '10.2.0.2');
  while ((through() < beforeBoot + 20 || sentIn(hidden.frames()) <= 50) && Date.now() < end) await setTimeout(50);
  await stream.kill('SIGTERM');
  const [wire, stub] = [await outside.stop(), await hidden.stop()];
  const sent = sentIn(stub);
  const leaked = from(wire, (source) => INSIDE.test(source));
  prove(
    'no inside address on the outside wire while the proxy boots',
    `${leaked} of ${sent} packets sent`,
    leaked === 0 && sent > 50,
  );
  prove(
    'after its boot the proxy forwards again',
    `${through() - beforeBoot} packets as ${OUTSIDE_ADDRESS}`,
    through() > beforeBoot,
  );
}

/** What a zone is, as far as it configures itself; not the type of an address, which link protection changes (§2.3). */
const STATE =
  "ipadm show-addr -p -o addrobj,state,addr; netstat -rn -f inet | awk '{print $1, $2, $3, $6}'; cat /etc/inet/hosts /etc/resolv.conf /etc/nodename";

/** (d) A reboot from inside changes nothing. */
export async function survivesReboot({ say, type, prove, lab }: Stage): Promise<void> {
  say('(d) web1 is rebooted from inside');
  const state = async () => (await lab.run(['/usr/sbin/zlogin', '-n', 'web1', STATE])).stdout;
  const id = async () => (await lab.zones()).find(({ name }) => name === 'web1')?.id;
  const [before, idBefore] = [await state(), await id()];
  await type('zlogin web1 reboot');
  const online = async () =>
    (await lab.run('svcs -z web1 -H -o state svc:/milestone/multi-user-server:default')).stdout.trim() === 'online';
  const end = Date.now() + 60_000;
  while (!((await id()) !== idBefore && (await online())) && Date.now() < end) await setTimeout(50);
  const after = await state();
  const same = before === after && before !== '' && idBefore !== (await id());
  const seen = same ? `${before.split('\n').length} lines of state equal` : `before:\n${before}after:\n${after}`;
  prove('web1, rebooted from inside, comes back the same', `zone id ${idBefore} → ${await id()}, ${seen}`, same);
  const { stdout } = await type(`zlogin web1 ${PAGE}`);
  prove('and reaches the outside as before', stdout.trim(), stdout === `peer ${OUTSIDE_ADDRESS}\n`);
}

/** (e) A proxy with zones behind it is not deleted. */
export async function refusesDeletion({ say, type, prove }: Stage): Promise<void> {
  say('(e) the proxy is asked away from under its zones');
  const { status, stderr } = await type('znetadm delete-zone proxy', 'is refused');
  const names = ['web1', 'db1'].filter((name) => stderr.includes(name));
  prove(
    'deleting proxy is refused, naming who uses it',
    `exit status ${status}, names ${names.join(' and ')}`,
    status === 5 && names.length === 2,
  );
}

/** (f) Nothing is left. */
export async function leavesNothing({ say, type, prove, lab }: Stage, before: HostState): Promise<void> {
  say('(f) everything is deleted');
  for (const command of ['delete-zone web1', 'delete-zone db1', 'delete-zone proxy', 'delete-network back'])
    await type(`znetadm ${command}`);
  const after = await observeHost(lab);
  for (const part of ['links', 'zones', 'files'] as const) {
    const left = after[part].filter((line) => !before[part].includes(line));
    const gone = before[part].filter((line) => !after[part].includes(line));
    const seen =
      left.length + gone.length === 0
        ? `${after[part].length} as before`
        : `left: ${left.join(', ')} gone: ${gone.join(', ')}`;
    prove(`${part} are as they were before`, seen, left.length + gone.length === 0);
  }
}

export interface HostState {
  readonly links: readonly string[];
  readonly zones: readonly string[];
  /** Every file and directory of the global zone but logs and what is volatile, with the digest of its content. */
  readonly files: readonly string[];
}

/** The host as its own programs and files tell. */
export async function observeHost(lab: Stage['lab']): Promise<HostState> {
  const lines = async (command: string) => (await lab.mustRun(command)).split('\n').filter((line) => line !== '');
  const files =
    'find / -xdev \\( -path /proc -o -path /dev -o -path /tmp -o -path /run -o -path /var/run -o -path /var/log -o -path /var/svc/log -o -path /usr -o -path /lib \\) -prune -o -printf "%y %m %p %l\\n" | sort; find /etc /var /zones -xdev -type f ! -path "/var/run/*" ! -path "*/log/*" -exec cksum {} + 2>/dev/null | sort -k 3';
  return {
    links: await lines('dladm show-link -p -o link,class,mtu,state,over'),
    zones: await lines('zoneadm list -cp'),
    files: await lines(files),
  };
}
