import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ZONENET_FORWARDING } from '../../src/illumos/smf.ts';
import type { ServiceState } from '../../src/illumos/svcs.ts';
import { type Disturbance, planForwarding } from '../../src/plan/forwarding.ts';
import { formatStep } from '../../src/plan/step.ts';
import { proxyMetadata } from '../support/metadata.ts';

const test = suite('planForwarding');

const ON = { byDefault: true, links: ['pnic0', 'znic0'] };
const OFF = { byDefault: false, links: [] };

function plan(observed: typeof ON | typeof OFF, state: string, disturbance: Disturbance = 'none') {
  const service = { state: state.replace('*', '') as ServiceState['state'], moving: state.endsWith('*') };
  const services = new Map([[ZONENET_FORWARDING, service]]);
  const { first, before, after } = planForwarding(proxyMetadata().nics, observed, services, disturbance);
  const words = (line: string) =>
    line.replace(/^\/usr\/sbin\/(ipadm set-prop -t -p |svcadm )/, '').replace(/ (ipv4|svc:.*)$/, '');
  return [[...first, ...before].map(formatStep).map(words), after.map(formatStep).map(words)];
}

for (const [what, observed, state, disturbance, before, after] of [
  ['nothing to do while it runs', ON, 'online', 'none', [], []],
  ['off while NAT rules are replaced', ON, 'online', 'nat', ['forwarding=off'], ['forwarding=on']],
  ['off when ipfilter restarts; its service puts it on', ON, 'online', 'ipfilter', ['forwarding=off'], []],
  ['on again after a run that was killed', OFF, 'online', 'none', [], ['forwarding=on']],
  ['on for a link that was turned off', { byDefault: true, links: ['pnic0'] }, 'online', 'none', [], ['forwarding=on']],
  ['off before its service has run', ON, 'disabled', 'none', ['forwarding=off'], ['enable -t']],
  ['off while its service waits', ON, 'offline', 'none', ['forwarding=off'], []],
  ['off and another try for a service in maintenance', ON, 'maintenance', 'none', ['forwarding=off'], ['clear']],
  ['left alone while its service is just starting', ON, 'offline*', 'none', [], []],
  ['its service is enabled until the next boot', OFF, 'disabled', 'none', [], ['enable -t']],
] as const) {
  test(what, () =>
    assert.equal(plan({ ...observed, links: [...observed.links] }, state, disturbance), [[...before], [...after]]),
  );
}

test('a link without an address need not forward', () => {
  const [outside, inside] = proxyMetadata().nics;
  if (outside === undefined || inside === undefined) throw new Error('the story has two');
  const services = new Map([[ZONENET_FORWARDING, { state: 'online', moving: false } as const]]);
  const observed = { byDefault: true, links: ['pnic0'] };
  assert.equal(planForwarding([outside, { ...inside, addresses: [] }], observed, services, 'none').after, []);
});

test('a zone without the service is told how to import it', () => {
  assert.throws(() => planForwarding([], OFF, new Map(), 'none'), /this zone has no svc:\/network\/zonenet-forwarding/);
});

test.run();
