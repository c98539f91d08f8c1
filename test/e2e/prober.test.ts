// A prober on the wire: while a proxy boots, reboots, changes, breaks and is killed, a zone behind it never stops sending in
// both families, and a stranger outside never stops knocking. No packet leaves with an inside source, no closed port opens.
import { setTimeout } from 'node:timers/promises';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Frame } from '../lab/outside/frame.ts';
import { PeerError } from '../lab/outside/inbox.ts';
import { capture, type Internet, startInternet } from '../lab/outside/internet.ts';
import { type Peer, startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startStoryLabWith } from '../support/lab-zone.ts';

const FORWARDING = 'svc:/network/zonenet-forwarding:default';
const IPFILTER = 'svc:/network/ipfilter:default';
const INSIDE = /^(10\.2\.0\.|fd00:1:)/;
const CLOSED = 8080;

interface Counts {
  /** Packets that the zone behind has sent towards the outside. */
  readonly sent: number;
  /** Of them and of the proxy's, those on the outside wire. */
  readonly outside: number;
  /** With an inside source on the outside wire. */
  readonly leaked: number;
  /** Times that the stranger has knocked, and was let in. */
  readonly knocks: number;
  readonly opened: number;
}

const test = suite<{ story: StoryLab; internet: Internet; web: Peer }>('a prober on the wire');

test.before(async (context) => {
  context.story = await startStoryLabWith('-6 fd00:1::/64', 'web1');
  context.internet = await startInternet(context.story.lab);
  context.web = await startPeer(context.story.lab, { zone: 'web1' });
  await context.web.listen({ address: '::', port: CLOSED });
  await context.internet.routeTo('10.2.0.0/24', '203.0.113.5');
});

test.after(async ({ story }) => {
  await story.stop();
});

/** Runs `act` while packets fly, and counts them. The stranger addresses the inside by the proxy, as a neighbour can. */
async function probing(
  { story, internet, web }: { story: StoryLab; internet: Internet; web: Peer },
  act: () => Promise<unknown>,
): Promise<Counts> {
  const [outside, inside] = [await internet.capture(), await capture(story.lab, 'zstub0')];
  const pings = [internet.address, internet.address6].map((address) =>
    story.spawn(['/usr/sbin/zlogin', '-n', 'web1', `while :; do ping -n -q -i 0.01 -w 60 ${address}; done`]),
  );
  const sockets = await Promise.all([4, 6].map((family) => web.udp({}, family === 4 ? 4 : 6)));
  const isSent = ({ source, target }: Frame) =>
    (source === '10.2.0.2' && target === internet.address) ||
    (source?.startsWith('fd00:1:') === true && target?.startsWith('2001:db8:') === true);
  let ended = false;
  let [knocks, opened] = [0, 0];
  const knocking = (async () => {
    while (!ended) {
      for (const [index, address] of [internet.address, internet.address6].entries()) {
        sockets[index]?.send('probe', { address, port: 7 });
      }
      for (const address of ['10.2.0.2', 'fd00:1::2', '203.0.113.5', '2001:db8::5']) {
        knocks += 1;
        if (await isOpen(internet, address)) opened += 1;
      }
    }
  })();
  try {
    await act();
    await setTimeout(300);
    // What is over quickly is looked at for as long as it takes to see something.
    const enough = () => inside.frames().filter(isSent).length > 100 && knocks > 4;
    for (let tries = 0; tries < 100 && !enough(); tries += 1) await setTimeout(100);
  } finally {
    ended = true;
    await knocking;
    for (const ping of pings) await ping.kill('SIGTERM');
    for (const socket of sockets) socket.close();
  }
  const [out, within] = [await outside.stop(), await inside.stop()];
  return {
    sent: within.filter(isSent).length,
    outside: out.filter(({ kind }) => kind === 'ipv4' || kind === 'ipv6').length,
    leaked: out.filter(({ source, kind }) => kind !== 'arp' && source !== undefined && INSIDE.test(source)).length,
    knocks,
    opened,
  };
}

async function isOpen(internet: Internet, address: string): Promise<boolean> {
  try {
    const connection = await internet.tcp(address, CLOSED, { ms: 60 });
    connection.close();
    return true;
  } catch (error) {
    if (error instanceof PeerError) return false;
    throw error;
  }
}

const forwards = async ({ until, reached }: StoryLab) => {
  await until('/usr/sbin/zoneadm list', 'proxy');
  await reached('proxy', FORWARDING, 'online');
};

const override = (name: string) => `/etc/zonenet/templates/${name}.hbs`;
const natLines = (first: number, last: number) =>
  ['maps', 'maps6']
    .flatMap((maps) => [
      `{{#each ${maps}}}`,
      `map {{link}} {{network}} -> {{to}} portmap tcp/udp ${first}:${last}`,
      'map {{link}} {{network}} -> {{to}}',
      '{{/each}}',
    ])
    .join('\n');
const setNat = async ({ writeFile }: StoryLab, first: number, last: number) => {
  await writeFile('proxy', override('ipnat.conf'), `{{> banner}}\n${natLines(first, last)}\n`);
};

const OUTSIDE6 = (text: string) =>
  text
    .replace('address[] = 203.0.113.5/24', 'address[] = 203.0.113.5/24\naddress[] = 2001:db8::5/64')
    .replace('router[] = 203.0.113.1', 'router[] = 203.0.113.1\nrouter[] = 2001:db8::1');

const PHASES: readonly (readonly [what: string, act: (story: StoryLab, internet: Internet) => Promise<unknown>])[] = [
  [
    'first boot',
    async (story) => {
      await story.znetadm('create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy');
      await forwards(story);
    },
  ],
  [
    'a refresh that brings IPv6 outside',
    async (story, internet) => {
      await story.editMetadata('proxy', OUTSIDE6);
      await story.logOf('proxy', () => story.refresh('proxy'));
      await internet.run(['ip', '-6', 'route', 'replace', 'fd00:1::/64', 'via', '2001:db8::5']);
    },
  ],
  [
    'three reboots',
    async (story) => {
      for (let turn = 1; turn <= 3; turn += 1) {
        await story.reboot('proxy');
        await forwards(story);
      }
    },
  ],
  [
    'refreshes that change NAT and filter',
    async (story) => {
      for (const first of [11000, 12000, 13000]) {
        await setNat(story, first, 19999);
        await story.writeFile('proxy', override('partials/filter6-local'), `# ${first}\nblock in quick proto 47 all\n`);
        await story.logOf('proxy', () => story.refresh('proxy'));
      }
    },
  ],
  [
    'a restart of ipfilter',
    async (story) => {
      await story.mustRun(`/usr/sbin/svcadm -z proxy restart ${IPFILTER}`);
      await setTimeout(500);
      await story.reached('proxy', IPFILTER, 'online');
      await forwards(story);
    },
  ],
  [
    'a broken template',
    async (story) => {
      await story.writeFile('proxy', override('ipf.conf'), '{{> banner}}\npas in all\n');
      await story.logOf('proxy', () => story.refresh('proxy'));
      await story.writeFile('proxy', override('ipf6.conf'), '{{nosuch}}\n');
      await story.logOf('proxy', () => story.refresh('proxy'));
      await story.mustRun(`rm ${override('ipf.conf')} ${override('ipf6.conf')}`, { zone: 'proxy' });
      await story.logOf('proxy', () => story.refresh('proxy'));
    },
  ],
  [
    'a method that is killed',
    async (story) => {
      let port = 20000;
      for (const action of ['kill-before', 'kill-after'] as const) {
        for (const match of ['forwarding=off', '-C -f', 'forwarding=on', '-6 -I -f']) {
          port += 500;
          await setNat(story, port, port + 400);
          await story.writeFile(
            'proxy',
            override('partials/filter6-local'),
            `block in quick proto ${port % 200} all\n`,
          );
          await story.fault({ zone: 'proxy', match, action });
          await story.logOf('proxy', () => story.refresh('proxy'));
          await story.clearFaults();
          // The next run ends right; a refresh that was killed is not repeated by SMF itself.
          await story.refresh('proxy');
          await story.until('/usr/sbin/zlogin -n proxy /usr/sbin/ipnat -l', `${port}:${port + 400}`);
          await forwards(story);
        }
      }
    },
  ],
  [
    'a reboot with a method that is killed, and one that hangs',
    async (story) => {
      for (const action of ['kill-after', 'fail'] as const) {
        await story.fault({ zone: 'proxy', cmd: 'ipadm', match: 'create-addr', nth: 2, action });
        await story.reboot('proxy');
        await forwards(story);
        await story.clearFaults();
      }
    },
  ],
];

for (const [what, act] of PHASES) {
  test(`${what}: nothing leaks and nothing opens`, async (context) => {
    const { story, internet } = context;
    const counts = await probing(context, () => act(story, internet));
    process.stdout.write(`prober: ${what}: ${JSON.stringify(counts)}\n`);
    assert.ok(counts.sent > 100, JSON.stringify(counts));
    assert.ok(counts.knocks > 4, JSON.stringify(counts));
    assert.equal([counts.leaked, counts.opened], [0, 0], JSON.stringify(counts));
    assert.ok(counts.outside > 0 || what === 'first boot');
  });
}

test.run();
