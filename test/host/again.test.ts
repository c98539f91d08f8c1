// Every command that changes something, killed before its k-th change, for every k. Whoever types it again, or repair, ends at what
// it does undisturbed; repair may end at what was before. And with that change failing: what is begun tells how it is finished.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import { findDrift } from '../../src/host/drift.ts';
import { copyOf, createFakeHost, type FakeHost, Killed } from '../support/fake-host.ts';
import { znetadm } from '../support/znetadm.ts';

const test = suite('killed, and typed again');

/** A network behind another, and a zone on each. */
const STORY = [
  'create-network -a 10.2.0.0/24 back',
  'create-network -a 10.3.0.0/24 inner',
  'create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy',
  'create-zone -R inner -N back deep',
  'create-zone -N back web1',
  'create-zone -N inner db1',
];

const MORE = 'create-network -a 10.4.0.0/24 more';
const HALT = (zone: string) => `halt ${zone}`;

/** The command, and what was done before. */
const COMMANDS: readonly (readonly [command: string, ...given: string[]])[] = [
  ['create-network -a 10.4.0.0/24 --reserve 10.4.0.9 more'],
  ['create-network -6 auto more'],
  ['delete-network more', MORE],
  ['delete-network -r more', MORE, 'create-zone -R more -x e1000g0=203.0.113.6/24 p2', 'create-zone -N more m1'],
  ['create-zone -N back web2'],
  ['create-zone -N back -c 3 many'],
  ['create-zone -N back -b lx guest'],
  ['create-zone -N back --no-install later'],
  ['create-zone -R more -x e1000g0=203.0.113.6/24 p2', MORE],
  ['create-zone -N back --clone web1 web2', HALT('web1')],
  ['delete-zone web1'],
  ['delete-zone -r deep'],
  ['attach-zone -N back mail'],
  ['attach-zone -b -N back mail'],
  ['attach-zone -N inner web1'],
  ['attach-zone -N inner web1', HALT('web1')],
  ['attach-zone -R more proxy', MORE],
  ['attach-zone -x e1000g0=203.0.113.6/24 proxy'],
  ['detach-zone mail', 'attach-zone -N back mail'],
  ['detach-zone -N inner web1', 'attach-zone -N inner web1', HALT('web1')],
  ['detach-zone -l pnic1 proxy', 'attach-zone -x e1000g0=203.0.113.6/24 proxy', HALT('proxy')],
  ['set-network --name front back'],
  ['set-network -a 10.9.0.0/24 back'],
  ['set-network -a 10.2.0.0/23 back'],
  ['set-network -r 10.2.0.254 back'],
  ['set-network -6 fd00:1::/64 back'],
  ['set-network --names hosts back'],
  ['set-network --names dns=back.internal back'],
  ['set-network --reserve 10.2.0.50 back'],
  ['set-network -V colour=red back'],
  ['set-network --no-protection back'],
  ['set-zone -a znic3=10.2.0.77 web1'],
  ['set-zone -a pnic0=203.0.113.9/24 proxy', 'add-forward tcp/443 web1:8443'],
  ['set-zone -l znic3,maxbw=9M web1'],
  ['set-zone -g office web1', 'add-rule db1 allow in tcp from zone:web1 to self port 22'],
  ['set-zone -V colour=red web1'],
  ['add-forward tcp/443 web1:8443'],
  ['delete-forward tcp/443', 'add-forward tcp/443 web1:8443'],
  ['publish web1 www.example.org'],
  ['unpublish web1', 'publish web1 www.example.org'],
  ['add-rule web1 allow in tcp from zone:db1 to self port 22'],
  ['delete-rule web1 1', 'add-rule web1 allow in tcp from zone:db1 to self port 22'],
];

const made = new Map<string, FakeHost>();

/** As it is made once, a copy for each time. */
async function hostBefore(given: readonly string[]): Promise<FakeHost> {
  const host = made.get(given.join()) ?? (await makeHost(given));
  made.set(given.join(), host);
  return copyOf(host);
}

async function makeHost(given: readonly string[]): Promise<FakeHost> {
  const fake = createFakeHost();
  const config = [
    'create -b',
    'set zonepath=/zones/mail',
    'set brand=ipkg',
    'set autoboot=false',
    'set ip-type=exclusive',
  ];
  fake.zones.set('mail', { state: 'installed', config, generation: 0 });
  for (const line of [...STORY, ...given]) {
    const [, halted] = /^halt (.*)$/.exec(line) ?? [];
    if (halted === undefined) await znetadm(line, fake.host);
    else await fake.system.run({ program: '/usr/sbin/zoneadm', args: ['-z', halted, 'halt'] });
  }
  return fake;
}

/**
 * All there is, but how often it was written, what is random, and what links are held to while no zone has them; the random prefix
 * of a host stays its own.
 */
function stateOf(fake: FakeHost): string {
  const { files, links, ...rest } = fake.snapshot();
  const held = Object.entries(links).map(([name, { protection, allowedIps, ...link }]) =>
    link.lent === undefined ? [name, link] : [name, { ...link, protection, allowedIps }],
  );
  const text = Object.entries(files)
    .filter(([path]) => path !== '/etc/zonenet/ula.ini')
    .map(([path, content]) => [path, path.endsWith('/boot') ? 'made from the rest' : withoutChance(content)]);
  return JSON.stringify({ ...rest, links: held, files: text }, null, 1).replace(ID, 'ID');
}

const ID = /00000000-0000-4000-8000-\d{12}/g;

const withoutChance = (content: string) =>
  content
    .replace(/^(generation|id) = .*$/gm, '$1')
    .replace(/\bfd[0-9a-f:]+:[0-9a-f:]*/g, 'ULA')
    .replace(/02:08:20[0-9a-f:]*/g, 'MAC');

/** What tells that all is done already. */
const DONE = ['EXISTS', 'NOT_FOUND'];

async function typeAgain(command: string, fake: FakeHost): Promise<void> {
  try {
    await znetadm(command, fake.host);
  } catch (error) {
    if (!(error instanceof OperatorError && DONE.includes(error.code))) throw error;
  }
}

/** Where repair finishes what was begun and begins no more: zones that were to go too, the boot of a zone of others. */
const SEVERAL = /^(delete-\w+ -r|attach-zone -b) /;

const FINISHES = {
  'typed again': typeAgain,
  repair: async (_: string, fake: FakeHost) => znetadm('repair', fake.host),
};

for (const [command, ...given] of COMMANDS) {
  for (const [how, finish] of Object.entries(FINISHES)) {
    test(`${[command, ...given].join(', after ')}: ${how}`, async () => {
      const undisturbed = await hostBefore(given);
      const before = stateOf(undisturbed);
      await znetadm(command, undisturbed.host);
      const wanted = stateOf(undisturbed);
      const changes = undisturbed.changes.length;
      assert.ok(changes > 0);
      for (let k = 1; k <= changes; k++) {
        const fake = await hostBefore(given);
        fake.killAt = k;
        const killed = await znetadm(command, fake.host).catch((error: unknown) => error);
        assert.instance(killed, Killed, `${k} of ${changes}`);
        const at = `killed before change ${k} of ${changes}, ${(killed as Killed).message}`;
        fake.killAt = undefined;
        fake.locks.clear();
        try {
          await finish(command, fake);
        } catch (error) {
          throw new Error(`${at}: ${error}`, { cause: error });
        }
        const left = (await findDrift(fake.host)).map(({ of, item, found }) => `${of} ${item}: ${found}`);
        assert.equal(left, [], at);
        const now = stateOf(fake);
        if (how === 'typed again' || !(now === before || SEVERAL.test(command))) assert.is(now, wanted, at);
      }
    });
  }
}

for (const [command, ...given] of COMMANDS) {
  test(`${[command, ...given].join(', after ')}: when a change fails, what is begun tells how it is finished`, async () => {
    const undisturbed = await hostBefore(given);
    const before = stateOf(undisturbed);
    await znetadm(command, undisturbed.host);
    const wanted = stateOf(undisturbed);
    const changes = undisturbed.changes.length;
    for (let k = 1; k <= changes; k++) {
      const fake = await hostBefore(given);
      fake.failAt = k;
      const error = await znetadm(command, fake.host).catch((thrown: unknown) => thrown);
      const at = `change ${k} of ${changes} failed, ${fake.changes[k - 1]}`;
      if (error instanceof OperatorError) {
        if (stateOf(fake) !== before) assert.match(error.hint ?? 'no hint', /znetadm|the same command again/, at);
      } else if (error instanceof Error) throw new Error(at, { cause: error });
      await typeAgain(command, fake);
      await znetadm('repair', fake.host);
      assert.is(stateOf(fake), wanted, at);
    }
  });
}

test.run();
