import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseLinkName } from '../../src/domain/names.ts';
import { planInterfaces, planMtus } from '../../src/plan/interfaces.ts';
import { formatStep } from '../../src/plan/step.ts';
import { nic } from '../support/metadata.ts';

const test = suite('planInterfaces');

const bare = nic({ link: parseLinkName('znic2'), addresses: [], routers: [] });

test('plumbs a NIC without an address, once', () => {
  assert.equal(planInterfaces([nic(), bare], ['lo0']).map(formatStep), ['/usr/sbin/ipadm create-if -t znic2']);
  assert.equal(planInterfaces([nic(), bare], ['lo0', 'znic2']), []);
});

test('leaves those to their addresses that get some by DHCP or router advertisements', () => {
  assert.equal(
    planInterfaces(
      [
        { ...bare, dhcp: true },
        { ...bare, addrconf: true },
      ],
      [],
    ),
    [],
  );
});

for (const [what, mtu, have, steps] of [
  ['nothing where IP has the MTU', 1400, { inet: 1400, inet6: 1400 }, []],
  ['each family that differs', 1400, { inet: 1500, inet6: 1500 }, ['mtu=1400 -m ipv4 znic1', 'mtu=1400 -m ipv6 znic1']],
  ['not IPv6 below its least', 1000, { inet: 1500, inet6: 1500 }, ['mtu=1000 -m ipv4 znic1']],
  ['nothing before it is plumbed', 1400, {}, []],
] as const) {
  test(`MTU: ${what}`, () => {
    const plan = planMtus([nic({ mtu })], new Map([['znic1', have]]));
    assert.equal(
      plan.map(formatStep),
      steps.map((step) => `/usr/sbin/ipadm set-ifprop -t -p ${step}`),
    );
  });
}

test.run();
