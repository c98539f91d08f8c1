import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseAddress } from '../../src/domain/address.ts';
import { planRoutes, planRoutingDaemon } from '../../src/plan/routes.ts';
import { formatStep } from '../../src/plan/step.ts';
import { nic } from '../support/metadata.ts';

const test = suite('planRoutes');

const plan = (routers: readonly string[], observed: readonly string[]) =>
  planRoutes([nic({ routers: routers.map(parseAddress) })], observed.map(parseAddress))
    .map(formatStep)
    .map((line) => line.replace('/usr/sbin/route -n ', ''));

for (const [what, routers, observed, steps] of [
  ['adds what is missing', ['10.2.0.1'], [], ['add default 10.2.0.1']],
  ['plans nothing when it is there', ['10.2.0.1'], ['10.2.0.1'], []],
  ['replaces another', ['10.2.0.1'], ['10.2.0.9'], ['delete default 10.2.0.9', 'add default 10.2.0.1']],
  ['takes a second one away', ['10.2.0.1'], ['10.2.0.9', '10.2.0.1'], ['delete default 10.2.0.9']],
  ['takes one that is there twice away once', ['10.2.0.1'], ['10.2.0.1', '10.2.0.1'], ['delete default 10.2.0.1']],
  ['leaves none when none is wanted', [], ['10.2.0.1'], ['delete default 10.2.0.1']],
  ['does nothing for an IPv6 router', ['fd00::1'], [], []],
] as const) {
  test(what, () => assert.equal(plan(routers, observed), [...steps]));
}

test('the routing daemon is decided about once', () => {
  assert.equal(planRoutingDaemon(true), []);
  assert.equal(planRoutingDaemon(false).map(formatStep), ['/usr/sbin/routeadm -d ipv4-routing -u']);
});

test.run();
