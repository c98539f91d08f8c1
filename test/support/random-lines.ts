// Command lines of znetadm in a random order, on a host with some zones of ours and some of others.
import type { Dice } from './dice.ts';
import { createFakeHost, type FakeHost } from './fake-host.ts';
import { znetadm } from './znetadm.ts';

const BEGIN = [
  'create-network -a 10.0.0.0/24 n1',
  'create-network -a 10.1.0.0/24 n2',
  'create-zone -R n1 -x e1000g0=203.0.113.5/24 -r 203.0.113.1 p1',
  'create-zone -R n2 -N n1 p2',
  'create-zone -N n1 z1',
  'create-zone -N n2 z2',
];

/** Zones that somebody else made. */
const OTHERS = ['o1', 'o2'];

/** A command line with arguments that may fit or not; "by hand" is what somebody does without us. */
export function randomLine({ roll, one }: Dice): string {
  const network = one('n1', 'n2', 'n3', 'n4');
  const zone = one('p1', 'p2', 'p3', 'z1', 'z2', 'z3', 'z4', ...OTHERS);
  const prefix = `10.${roll(4)}.${roll(2)}.0/${one(22, 24, 24, 25, 30)}`;
  const inside = `10.${roll(4)}.${roll(2)}.${one(1, 2, 3, 50)}`;
  const outside = `203.0.113.${one(5, 6, 7)}`;
  const link = one('znic0', 'znic1', 'znic2', 'znic3', 'pnic0', 'pnic1');
  const port = one('tcp/80', 'tcp/443', 'udp/53', 'tcp/8000-8010');
  const site = `${one('www', 'api')}.example.org`;
  const end = one(`zone:${zone}`, 'group:office', `network:${network}`, '10.0.0.0/8', inside, 'any', 'outside');
  return one(
    `create-network -a ${prefix} ${network}`,
    `create-network -a ${prefix} --reserve ${inside} ${network}`,
    `create-network -6 auto ${network}`,
    `create-network --names dns=${one('a', 'b')}.internal ${network}`,
    `delete-network ${network}`,
    `delete-network -r ${network}`,
    `create-zone -R ${network} -x e1000g0=${outside}/24 -r 203.0.113.1 ${zone}`,
    `create-zone -R ${network} -x e1000g0=${outside}/24 -r 203.0.113.1 --no-boot ${zone}`,
    `create-zone -R ${network} -N ${one('n1', 'n2', 'n3')} ${zone}`,
    `create-zone -N ${network} ${zone}`,
    `create-zone -N ${network}=${inside} ${zone}`,
    `create-zone -N ${network} -N ${one('n1', 'n2')} ${zone}`,
    `create-zone -N ${network} --clone ${one('z1', 'z2', 'o1')} ${zone}`,
    `create-zone -N ${network} -b ${one('lx', 'bhyve', 'nosuch')} ${zone}`,
    `create-zone -N ${network} -c 3 ${one('z', 'w')}`,
    `delete-zone ${zone}`,
    `delete-zone ${zone}`,
    `delete-zone -r ${zone}`,
    `attach-zone -N ${network} ${one(...OTHERS)}`,
    `attach-zone -N ${network} ${zone}`,
    `attach-zone -R ${network} -x e1000g0=${outside}/24 ${zone}`,
    `attach-zone -x e1000g0=${outside}/24 ${zone}`,
    `attach-zone -R ${network} -x e1000g0 global`,
    `detach-zone ${zone}`,
    'detach-zone global',
    `detach-zone -N ${network} ${zone}`,
    `detach-zone -l ${link} ${zone}`,
    `set-network -a ${prefix} ${network}`,
    `set-network -r ${inside} ${network}`,
    `set-network --name ${one('n1', 'n2', 'n3')} ${network}`,
    `set-network -6 ${one('auto', 'none')} ${network}`,
    `set-network --names ${one('none', 'hosts', 'dns')} ${network}`,
    `set-network --reserve ${inside} ${network}`,
    `set-zone -a ${link}=${one(inside, `${outside}/24`, 'dhcp', 'none')} ${zone}`,
    `set-zone -l ${link},maxbw=9M ${zone}`,
    `set-zone -g office ${zone}`,
    `add-forward ${port} ${zone}:${one(80, 443)}`,
    `add-forward -a ${outside} ${port} ${zone}:${one(80, 443)}`,
    `delete-forward ${port}`,
    `publish ${zone} ${site}`,
    `publish --cert www ${zone} ${site}`,
    `publish --pass-through --port 8080 ${zone} ${site}`,
    `unpublish ${zone} ${site}`,
    `unpublish ${zone}`,
    `add-rule ${zone} allow in tcp from ${end} to any port 22`,
    `add-rule ${zone} block in tcp from ${end} to ${one(`zone:${zone}`, inside, 'self')}`,
    `delete-rule ${zone} 1`,
    `trace tcp ${one(zone, '198.51.100.7')} ${one(outside, inside)}:80`,
    `why ${one(inside, outside, link)}`,
    `show-zone ${zone}`,
    `show-network ${network}`,
    `list-templates ${zone}`,
    `adopt -s zstub7 -a ${prefix} ${network}`,
    `by hand ${one('halt', 'boot', 'delete')} ${zone}`,
    `by hand lose ${link}`,
    'repair',
  );
}

async function byHand(what: string, name: string, fake: FakeHost): Promise<void> {
  if (what === 'lose') fake.links.delete(name);
  else if (what === 'delete') fake.zones.delete(name);
  else await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', name, what] });
}

/** Carries out a line of these. */
export async function carryOut(line: string, fake: FakeHost): Promise<void> {
  const [, what, name] = /^by hand (\S+) (\S+)$/.exec(line) ?? [];
  if (what !== undefined && name !== undefined) await byHand(what, name, fake);
  else await znetadm(line, fake.host);
}

/** A host with two networks, one behind the other, a zone on each, and zones that somebody else made. */
export async function hostForLines(): Promise<FakeHost> {
  const fake = createFakeHost();
  // Nobody looks into its zones.
  fake.answers.set('/usr/sbin/zlogin', { status: 1, timedOut: false, stdout: '', stderr: 'zlogin: no\n' });
  for (const name of OTHERS) {
    const config = [`set zonepath=/zones/${name}`, 'set brand=ipkg', 'set autoboot=false', 'set ip-type=exclusive'];
    fake.zones.set(name, { state: 'installed', config: ['create -b', ...config], generation: 0 });
  }
  for (const line of BEGIN) await znetadm(line, fake.host);
  return fake;
}
