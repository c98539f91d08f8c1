// Ends of a way that no packet of the lab has: what leaves for where nobody is, and what never leaves.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseMembership } from '../../src/cli/link-options.ts';
import { parseAddress } from '../../src/domain/address.ts';
import { parseNetworkName, parseZoneName } from '../../src/domain/names.ts';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { createNetwork } from '../../src/host/create-network.ts';
import { createZone } from '../../src/host/create-zone.ts';
import { readRecords } from '../../src/host/store.ts';
import { traceWay } from '../../src/host/trace.ts';
import { hostWith, memberRequest, networkRequest, proxyRequest } from '../support/story.ts';

const test = suite('traceWay');

/** Network back and its proxy; behind them a proxy of network deep, and db1 in it. */
async function deep() {
  const fake = await hostWith('back', 'proxy', 'web1');
  const name = parseNetworkName('deep');
  await createNetwork(
    networkRequest({ name, prefix: parsePrefix('10.3.0.0/24'), inet6: parsePrefix('fd00:2::/64') }),
    fake.host,
  );
  const way = { outside: [], routers: [], networks: [parseMembership('back')] };
  await createZone(proxyRequest({ name: parseZoneName('inner'), routes: [name], ...way }), fake.host);
  await createZone(memberRequest('db1', undefined, { networks: [parseMembership('deep')] }), fake.host);
  const { zones } = await readRecords(fake.system);
  return async (zone: string | undefined, source: string, target: string) => {
    const packet = { protocol: 'tcp', flags: 'S', sourcePort: 40_000, targetPort: 80 } as const;
    const ends = { source: parseAddress(source), target: parseAddress(target) };
    const { end, arrives, hops } = await traceWay(
      { packet: { ...packet, ...ends }, ...(zone === undefined ? {} : { from: parseZoneName(zone) }) },
      zones,
      async () => [],
    );
    return [arrives, end, hops.map((hop) => `${hop.zone} ${hop.direction}`).join(', ')];
  };
}

test('what a zone says to itself passes no filter', async () => {
  const trace = await deep();
  assert.equal(await trace('web1', '10.2.0.2', '10.2.0.2'), [true, 'zone web1', '']);
});

test('a zone behind another proxy is not reached by the uplink, and anybody else may be', async () => {
  const trace = await deep();
  const ways = 'web1 out, proxy in, proxy out';
  assert.equal(await trace('web1', '10.2.0.2', '10.3.0.2'), [
    false,
    'it leaves by e1000g0, where zone db1 is not',
    ways,
  ]);
  assert.equal(await trace('web1', '10.2.0.2', '198.51.100.1'), [true, 'outside, by e1000g0', ways]);
  assert.equal(await trace('db1', '10.3.0.2', '10.2.0.2'), [
    true,
    'zone web1',
    'db1 out, inner in, inner out, web1 in',
  ]);
});

test('what comes from outside begins at the proxy that the outside knows of, in a family that it has there', async () => {
  const trace = await deep();
  const ways = 'proxy in, proxy out';
  assert.equal(await trace(undefined, '198.51.100.1', '10.3.0.2'), [
    false,
    'it leaves by e1000g0, where zone db1 is not',
    ways,
  ]);
  assert.equal(await trace(undefined, '2001:db8::1', 'fd00:2::2'), [
    false,
    'nowhere: zone proxy has no IPv6 outside',
    '',
  ]);
});

test.run();
