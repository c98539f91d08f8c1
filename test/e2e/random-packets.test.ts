// Commands in an order that a seed fixes, on zones that run, and after each some packets: each arrives where trace says, looking as
// trace says, or does not. RANDOM_PACKETS="1-20" goes over other seeds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { PeerError } from '../lab/outside/inbox.ts';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Listener, type Peer, startPeer, type UdpSocket } from '../lab/outside/peer.ts';
import { type Dice, dice } from '../support/dice.ts';
import { type StoryLab, startStoryLabWith } from '../support/lab-zone.ts';

const [FIRST = 1, LAST = FIRST] = (process.env['RANDOM_PACKETS'] ?? '1').split('-').map(Number);
const STEPS = 12;
const PACKETS = 5;

/** Long enough for whoever answers, and waited for by each packet that must not arrive. */
const PATIENCE_MS = 400;

const OUTSIDE = ['203.0.113.1', '2001:db8::1'];
const PORTS = [22, 443, 8080];

const test = suite('random packets');

interface Scene {
  readonly what: string;
  /** Words for the network of the first proxy. */
  readonly network: string;
  /** The first proxy. */
  readonly front: string;
  readonly words: readonly string[];
}

const BACK = 'znetadm create-zone -R back -x e1000g0=203.0.113.5/24,2001:db8::5/64 -r 203.0.113.1 -r 2001:db8::1 p1';
const N2 = 'znetadm create-network -a 10.3.0.0/24 -6 fd00:2::/64 n2';
const SCENES: readonly Scene[] = [
  {
    what: 'a proxy behind another',
    network: '-6 fd00:1::/64',
    front: 'p1',
    words: [BACK, N2, 'znetadm create-zone -R n2 -N back p2'],
  },
  {
    what: 'two proxies on one uplink',
    network: '-6 fd00:1::/64',
    front: 'p1',
    words: [
      BACK,
      N2,
      'znetadm create-zone -R n2 -x e1000g0=203.0.113.7/24,2001:db8::7/64 -r 203.0.113.1 -r 2001:db8::1 p2',
    ],
  },
  {
    what: 'the host as the first proxy',
    network: '',
    front: 'global',
    words: [
      'ipadm create-if e1000g0',
      'ipadm create-addr -T static -a 203.0.113.5/24 e1000g0/v4',
      'route add default 203.0.113.1',
      'znetadm attach-zone -R back global',
      N2,
      'znetadm create-zone -R n2 -N back p2',
    ],
  },
];
const MEMBERS = ['back z1', 'back z2', 'n2 z3'].map((words) => `znetadm create-zone -N ${words}`);

/** Words of a znetadm that may be refused, or of another program of the global zone. */
function chooseCommand({ roll, one }: Dice, front: string): string {
  const zone = one(front, 'p2', 'z1', 'z2', 'z3', 'z4');
  const network = one('back', 'n2');
  const ends = one(
    'any',
    'self',
    `zone:${one('z1', 'z2', 'z3', front, 'p2')}`,
    'group:office',
    `network:${network}`,
    '203.0.113.1',
    '2001:db8::/32',
    '10.0.0.0/8',
  );
  const ports = one('', ` port ${one(...PORTS)}`, ` port ${one('20-900', '8080', '443')}`);
  const what = `${one('allow', 'block', 'reject')} ${one('in', 'out')}`;
  const protocol = one('tcp', 'udp', 'tcp', 'udp', '');
  const from = one('any', 'any', ends);
  const to = one('self', 'any', ends);
  const rule = `${what}${protocol === '' ? '' : ` ${protocol}`} from ${from} to ${to}${protocol === '' ? '' : ports}`;
  const member = one('z1', 'z2', 'z3', 'z1', 'z2', 'z4');
  return one(
    `znetadm add-rule ${zone} ${rule}`,
    `znetadm add-rule -a 1 ${zone} ${rule}`,
    `znetadm add-rule ${zone} ${rule}`,
    `znetadm delete-rule ${zone} ${1 + roll(2)}`,
    `znetadm add-forward ${one('tcp', 'udp')}/${one(...PORTS)} ${member}:${one(...PORTS)}`,
    `znetadm add-forward tcp/${one(...PORTS)} ${member}:${one(...PORTS)}`,
    `znetadm add-forward -a ${one('2001:db8::5', '203.0.113.5')} tcp/${one(...PORTS)} ${member}`,
    `znetadm add-forward ${one('tcp', 'udp')}/8000-8009 ${member}:8075`,
    `znetadm add-forward -a ${one('2001:db8::5', '203.0.113.5', '203.0.113.6', '10.2.0.2')} tcp/${one(...PORTS)} ${member}`,
    `znetadm delete-forward ${one('tcp', 'udp')}/${one(...PORTS)}`,
    `znetadm set-zone -${one('g', 'g', 'G')} office ${zone}`,
    `znetadm set-zone -a ${one('znic1', 'znic3', 'znic4', 'znic5')}=10.${one(2, 3, 4)}.0.${40 + roll(3)} ${zone}`,
    `znetadm set-zone -a pnic0=203.0.113.${one(5, 6)}/24,2001:db8::${one(5, 6)}/64 -r 203.0.113.1 -r 2001:db8::1 p1`,
    `znetadm set-network -a 10.${one(2, 4)}.0.0/24 back`,
    `znetadm set-network -a 10.${one(3, 5)}.0.0/24 n2`,
    `znetadm set-network -6 ${one('none', 'auto')} ${network}`,
    `znetadm create-zone -N ${network} z4`,
    'znetadm delete-zone z4',
    `zoneadm -z ${one(front === 'global' ? 'p2' : front, 'p2', 'z1', 'z3')} reboot`,
    `zoneadm -z z1 halt; znetadm ${one('attach-zone', 'detach-zone')} -N n2 z1; zoneadm -z z1 boot`,
  );
}

interface Packet {
  readonly protocol: 'tcp' | 'udp';
  /** A zone, or an address outside. */
  readonly from: string;
  readonly to: string;
  readonly port: number;
}

/** Addresses of zones by their names, as show-zone tells them. */
type Places = ReadonlyMap<string, readonly string[]>;

function choosePacket(random: Dice, places: Places, front: string): Packet {
  const { one } = random;
  const zones = [...places.keys()];
  const from = one(...zones, ...OUTSIDE);
  // What comes from outside has to be for the first proxy, to get anywhere.
  const all = places.has(from)
    ? [...OUTSIDE, ...[...places.values()].flat()]
    : one([...places.values()].flat(), places.get(front) ?? [], places.get(front) ?? []);
  const isV6 = one(...(places.get(from) ?? [from])).includes(':');
  const there = all.filter((address) => address.includes(':') === isV6 && places.get(from)?.includes(address) !== true);
  if (there.length === 0) return choosePacket(random, places, front);
  return { protocol: one('tcp', 'tcp', 'udp'), from, to: one(...there), port: one(...PORTS, 8003) };
}

interface Said {
  readonly text: string;
  /** Of one that arrives: a zone, or "outside". */
  readonly at: string | undefined;
  /** Whom the receiver sees. Undefined: no zone on the way has done anything with it. */
  readonly source: string | undefined;
  readonly address: string;
  readonly port: number;
}

const endOf = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

async function trace(story: StoryLab, { protocol, from, to, port }: Packet): Promise<Said> {
  const text = await story.znetadm(`trace ${protocol} ${from} ${endOf(to, port)}`);
  const [, zone, outside] = /^it arrives: (?:zone (\S+)|(outside), by)/m.exec(text) ?? [];
  const ends = [...text.matchAll(/ \[?(\S+?)\]?:\d+ +\[?(\S+?)\]?:(\d+) /g)].at(-1);
  const [, source, address = to, last = port] = ends ?? [];
  return { text, at: zone ?? outside, source, address, port: Number(last) };
}

type Ends = Pick<Peer, 'tcp' | 'udp' | 'listen'>;

/** What the receiver sees of the sender, or why it sees nothing. */
async function send(
  { protocol, to, port }: Packet,
  from: Ends,
  receiver: Ends,
  { address, port: at }: Said,
): Promise<string> {
  const on = { address, port: at };
  const family = to.includes(':') ? 6 : 4;
  const receiving = protocol === 'tcp' ? await receiver.listen(on) : await receiver.udp(on, family);
  try {
    return 'accept' in receiving ? await connect(receiving) : await tell(receiving);
  } catch (error) {
    if (error instanceof PeerError) return error.code;
    throw error;
  } finally {
    receiving.close();
  }

  async function connect(listener: Listener): Promise<string> {
    const connection = await from.tcp(to, port, { ms: PATIENCE_MS });
    const accepted = await listener.accept(PATIENCE_MS);
    connection.send('there\n');
    await accepted.expect('there\n', PATIENCE_MS);
    for (const end of [connection, accepted]) end.close();
    return accepted.remote.address;
  }

  async function tell(socket: UdpSocket): Promise<string> {
    const sender = await from.udp({}, family);
    try {
      sender.send('there', { address: to, port });
      const { from: seen } = await socket.expect('there', PATIENCE_MS);
      socket.send('back', seen);
      await sender.expect('back', PATIENCE_MS);
      return seen.address;
    } finally {
      sender.close();
    }
  }
}

/** Peers in zones as long as these run: a boot gives a zone other namespaces. */
function createPeers(story: StoryLab) {
  const peers = new Map<string, { readonly netns: string; readonly peer: Peer }>();
  return async (name: string): Promise<Peer> => {
    const netns = (await story.lab.zones()).find((zone) => zone.name === name)?.netns;
    const known = peers.get(name);
    if (known !== undefined && known.netns === netns) return known.peer;
    const peer = await startPeer(story.lab, { zone: name });
    if (netns !== undefined) peers.set(name, { netns, peer });
    return peer;
  };
}

async function placesOf(story: StoryLab): Promise<Places> {
  const zones = JSON.parse(await story.znetadm('show-zone --json')) as {
    readonly name: string;
    readonly state: string;
    readonly nics: readonly { readonly addresses: readonly string[] }[];
  }[];
  const running = zones.filter(({ state }) => state === 'running');
  return new Map(
    running.map(({ name, nics }) => [
      name,
      nics.flatMap(({ addresses }) => addresses.map((address) => address.replace(/\/.*/, ''))),
    ]),
  );
}

async function begin(story: StoryLab, internet: Internet, { words }: Scene): Promise<void> {
  const watch = 'svccfg import /opt/zonenet/smf-manifests/zonenet-host.xml';
  for (const line of [...words, ...MEMBERS, watch]) await story.mustRun(programOf(line));
  // A neighbour that tries to get in.
  await internet.routeTo('10.0.0.0/8', '203.0.113.5');
  await internet.routeTo('fd00::/16', '2001:db8::5');
}

const programOf = (line: string) => `${line.startsWith('znetadm') ? '/opt/zonenet/bin/' : '/usr/sbin/'}${line}`;

/** Carries it out, and waits until all is at rest. Refused is as good as done. */
async function carryOut(story: StoryLab, words: string): Promise<string> {
  const said: string[] = [];
  for (const part of words.split('; ')) {
    const { status, stderr } = await story.run(programOf(part));
    said.push(`${part}: ${status === 0 ? 'done' : stderr}`);
  }
  const [, booted] = /zoneadm -z (\S+) (?:reboot|boot)$/.exec(words) ?? [];
  if (booted !== undefined)
    await story.until(`/usr/bin/svcs -z ${booted} -H -o state svc:/milestone/multi-user-server:default`, 'online');
  // What a boot has wiped the watch puts back, soon.
  const end = performance.now() + (booted === undefined ? 0 : 20_000);
  for (;;) {
    const { stdout } = await story.run('/opt/zonenet/bin/znetadm check -p -o of,item,expected,found');
    const wrong = stdout.split('\n').filter((line) => line !== '' && !line.includes(':rule '));
    if (wrong.length === 0) break;
    if (performance.now() > end) assert.equal(wrong, [], said.join('\n'));
  }
  return said.join('\n');
}

/** What zones that run have is what is recorded of them. */
async function compareAddresses(story: StoryLab, places: Places): Promise<void> {
  for (const [zone, recorded] of places) {
    if (zone === 'global') continue;
    const shown = await story.mustRun('/usr/sbin/ipadm show-addr -p -o type,addr', { zone });
    const had = [...shown.matchAll(/^(?:static|from-gz):(.*)\/\d+$/gm)].map(([, address = '']) =>
      address.replaceAll('\\', ''),
    );
    const own = had.filter((address) => !/^(127\.|::1$|fe80:)/.test(address));
    assert.equal(own.sort(), [...recorded].sort(), zone);
  }
}

for (let seed = FIRST; seed <= LAST; seed++) {
  const scene = SCENES[seed % SCENES.length] as Scene;
  const { what, network, front } = scene;
  test(`${what}, seed ${seed}`, async () => {
    const random = dice(seed);
    const story = await startStoryLabWith(network);
    const told: string[] = [];
    try {
      const internet = await startInternet(story.lab);
      await begin(story, internet, scene);
      const peerOf = createPeers(story);
      const peerAt = async (name: string) => (/^([pz]\d|global)$/.test(name) ? await peerOf(name) : internet);

      async function sendSome(places: Places): Promise<void> {
        for (let count = 0; count < PACKETS; count++) {
          const packet = choosePacket(random, places, front);
          const said = await trace(story, packet);
          // Somebody listens where it comes to, or where it must not.
          const holder = [...places, ['outside', OUTSIDE] as const].find(([, all]) => all.includes(said.address))?.[0];
          if (holder === undefined) continue;
          const seen = await send(packet, await peerAt(packet.from), await peerAt(holder), said);
          const whole = `${told.join('\n')}\n${JSON.stringify(packet)}\n${said.text}seen: ${seen}`;
          if (said.at === undefined) assert.match(seen, /^(timeout|E[A-Z]+)$/, whole);
          else assert.equal([holder, seen.replace(/^::ffff:/, '')], [said.at, said.source ?? seen], whole);
        }
      }

      for (let step = 0; step < STEPS; step++) {
        told.push(await carryOut(story, chooseCommand(random, front)));
        const places = await placesOf(story);
        await compareAddresses(story, places);
        await sendSome(places);
      }
      // What has followed while it ran boots so.
      const places = await placesOf(story);
      for (const zone of places.keys())
        if (zone !== 'global') told.push(await carryOut(story, `zoneadm -z ${zone} reboot`));
      await compareAddresses(story, places);
      await sendSome(places);
    } finally {
      await story.stop();
    }
  });
}

test.run();
