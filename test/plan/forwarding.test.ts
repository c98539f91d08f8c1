import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { ZONENET_FORWARDING } from '../../src/illumos/smf.ts';
import type { ServiceState } from '../../src/illumos/svcs.ts';
import {
  type Disturbance,
  type ObservedForwarding,
  planForwarding,
  type WantedForwarding,
} from '../../src/plan/forwarding.ts';
import { formatStep } from '../../src/plan/step.ts';

const test = suite('planForwarding');

const BOTH = ['pnic0', 'znic0'];
const NONE = { byDefault: false, links: [] as readonly string[] };
const ALL = { byDefault: true, links: BOTH };
const ON = { inet: ALL, inet6: NONE };
const OFF = { inet: NONE, inet6: NONE };
const IPV4 = { families: ['inet'], links: BOTH } as const;
const DUAL = { families: ['inet', 'inet6'], links: BOTH } as const;

function plan(observed: ObservedForwarding, state: string, disturbance: Disturbance, want: WantedForwarding = IPV4) {
  const service = { state: state.replace('*', '') as ServiceState['state'], moving: state.endsWith('*') };
  const services = new Map([[ZONENET_FORWARDING, service]]);
  const { first, before, after } = planForwarding(want, observed, services, disturbance);
  const words = (line: string) =>
    line.replace(/^\/usr\/sbin\/(ipadm set-prop -t -p |svcadm )/, '').replace(/ svc:.*$/, '');
  return [[...first, ...before].map(formatStep).map(words), after.map(formatStep).map(words)];
}

const [OFF4, ON4, OFF6, ON6] = ['off ipv4', 'on ipv4', 'off ipv6', 'on ipv6'].map((text) => `forwarding=${text}`);

for (const [what, observed, state, disturbance, before, after] of [
  ['nothing to do while it runs', ON, 'online', 'none', [], []],
  ['off while NAT rules are replaced', ON, 'online', 'nat', [OFF4], [ON4]],
  ['off when ipfilter restarts; its service puts it on', ON, 'online', 'ipfilter', [OFF4], []],
  ['on again after a run that was killed', OFF, 'online', 'none', [], [ON4]],
  ['on for a link that was turned off', { ...ON, inet: { ...ALL, links: ['pnic0'] } }, 'online', 'none', [], [ON4]],
  ['off before its service has run', ON, 'disabled', 'none', [OFF4], ['enable -t']],
  ['off while its service waits', ON, 'offline', 'none', [OFF4], []],
  ['off and another try for a service in maintenance', ON, 'maintenance', 'none', [OFF4], ['clear']],
  ['left alone while its service is just starting', ON, 'offline*', 'none', [], []],
  ['its service is enabled until the next boot', OFF, 'disabled', 'none', [], ['enable -t']],
  ['off in a family that no network has', { inet: ALL, inet6: ALL }, 'online', 'none', [OFF6], []],
] as const) {
  test(what, () => assert.equal(plan(observed, state, disturbance), [[...before], [...after]]));
}

for (const [what, observed, state, disturbance, before, after] of [
  ['both families while it runs', { inet: ALL, inet6: ALL }, 'online', 'none', [], []],
  ['the second family comes on when its network is there', ON, 'online', 'none', [], [ON6]],
  ['both are off while NAT rules are replaced', { inet: ALL, inet6: ALL }, 'online', 'nat', [OFF4, OFF6], [ON4, ON6]],
  ['both are off before the rules are proved', { inet: ALL, inet6: ALL }, 'offline', 'none', [OFF4, OFF6], []],
] as const) {
  test(what, () => assert.equal(plan(observed, state, disturbance, DUAL), [[...before], [...after]]));
}

test('a link that is not plumbed need not forward', () => {
  const observed = { ...ON, inet: { ...ALL, links: ['pnic0'] } };
  assert.equal(plan(observed, 'online', 'none', { ...IPV4, links: ['pnic0'] }), [[], []]);
});

test('a zone without the service is told how to import it', () => {
  assert.throws(
    () => planForwarding(IPV4, OFF, new Map(), 'none'),
    /this zone has no svc:\/network\/zonenet-forwarding/,
  );
});

test.run();
