import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Zone } from '../daemon/state.ts';
import { type BareLab, startBareLab } from '../support/bare-lab.ts';
import { follow } from '../support/transcript.ts';
import { routeadm, routingChosen } from './routeadm.ts';

const test = suite<{ bare: BareLab; zone: Zone }>('routeadm');

const SERVICES = {
  route: 'svc:/network/routing/route:default',
  ripng: 'svc:/network/routing/ripng:default',
  forward4: 'svc:/network/ipv4-forwarding:default',
  forward6: 'svc:/network/ipv6-forwarding:default',
};

/** What makes a choice stick. */
const CHOOSING = [
  '/usr/sbin/svccfg -s svc:/network/routing-setup:default addpg routeadm application',
  '/usr/sbin/svccfg -s svc:/network/routing-setup:default setprop routeadm/ipv4-routing-set = boolean: true',
  '/usr/sbin/svcadm refresh svc:/network/routing-setup:default',
];

const says = (stdout: string) => ({ status: 0, stdout, stderr: '' });

test.before.each(async (context) => {
  context.bare = await startBareLab();
  context.zone = await context.bare.zone('web');
  for (const service of Object.values(SERVICES)) {
    context.bare.answers.set(`/usr/bin/svcs -H -o state ${service}`, says('disabled\n'));
  }
  for (const line of CHOOSING) context.bare.answers.set(line, says(''));
});

test.after.each(async ({ bare }) => bare.stop());

test('prints options and variables as in the transcript', ({ bare, zone }) =>
  follow(
    `
$ routeadm -p
ipv4-routing persistent=disabled default=disabled current=disabled
ipv6-routing persistent=disabled default=disabled current=disabled
ipv4-forwarding persistent=disabled default=disabled current=disabled
ipv6-forwarding persistent=disabled default=disabled current=disabled
ipv4-routing-daemon persistent="" default=""␠
ipv4-routing-daemon-args persistent="" default=""␠
ipv4-routing-stop-cmd persistent="" default=""␠
ipv6-routing-daemon persistent="" default=""␠
ipv6-routing-daemon-args persistent="" default=""␠
ipv6-routing-stop-cmd persistent="" default=""␠
routing-svcs persistent="route:default ripng:default" default="route:default ripng:default"␠
=0
$ routeadm -p ipv4-forwarding
persistent=disabled default=disabled current=disabled
=0
`,
    ([, ...args]) => bare.run(zone, routeadm, ...args),
  ));

test('turns a service on with -u, and remembers that the choice was made by hand', async ({ bare, zone }) => {
  assert.is(routingChosen(zone), false);
  assert.equal(await bare.run(zone, routeadm, '-d', 'ipv4-routing', '-u'), says(''));
  assert.is(routingChosen(zone), true);
  assert.equal(
    bare.called.filter((line) => !line.startsWith('/usr/bin/svcs')),
    CHOOSING,
  );
  bare.answers.set(`/usr/sbin/svcadm enable ${SERVICES.forward4}`, says(''));
  assert.equal(await bare.run(zone, routeadm, '-e', 'ipv4-forwarding'), says(''));
  const shown = await bare.run(zone, routeadm, '-p', 'ipv4-forwarding');
  assert.is(shown.stdout, 'persistent=enabled default=disabled current=disabled\n');
  assert.equal(await bare.run(zone, routeadm, '-u'), says(''));
  assert.is(bare.called.at(-1), `/usr/sbin/svcadm enable ${SERVICES.forward4}`);
});

test('forgets the choice with the zone, not with its stack', async ({ bare, zone }) => {
  await bare.run(zone, routeadm, '-d', 'ipv4-routing', '-u');
  await bare.reboot(zone);
  assert.is(routingChosen(zone), true);
});

test.run();
