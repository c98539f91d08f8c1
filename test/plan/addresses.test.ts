import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { Family } from '../../src/domain/address.ts';
import type { Nic } from '../../src/domain/metadata.ts';
import { parseLinkName } from '../../src/domain/names.ts';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import type { AddressObject } from '../../src/illumos/ipadm.ts';
import { planAddresses, unboundLinks } from '../../src/plan/addresses.ts';
import { formatStep } from '../../src/plan/step.ts';
import { nic } from '../support/metadata.ts';

const test = suite('planAddresses');

function address(overrides: Partial<AddressObject> & { text?: string } = {}): AddressObject {
  const { text = '10.2.0.2/24', ...rest } = overrides;
  const address = parseInterfaceAddress(text);
  return { object: 'znic1/v4', link: 'znic1', family: 'inet', type: 'static', state: 'ok', address, ...rest };
}

function all(nics: readonly Nic[], observed: readonly AddressObject[], family: Family = 'inet') {
  const { removals, additions } = planAddresses(nics, observed, family);
  return [...removals, ...additions];
}

/** What is run, without the wait that follows. */
const plan = (...observed: AddressObject[]) =>
  all([nic()], observed)
    .filter(({ kind }) => kind === 'run')
    .map(formatStep)
    .map((line) => line.replace('/usr/sbin/ipadm ', ''));

const CREATE = 'create-addr -t -T static -a 10.2.0.2/24 znic1/v4';
const WAIT =
  'wait while /usr/sbin/ipadm show-addr -p -o addrobj,type,state,addr says ' +
  ['static', 'addrconf', 'from-gz'].map((type) => `"znic1/v4:${type}:tentative"`).join(' or ');

test('creates what is missing and waits until it is settled', () => {
  assert.equal(all([nic()], []).map(formatStep), [`/usr/sbin/ipadm ${CREATE}`, WAIT]);
});

test('plans nothing when the address is there, whatever its object is called', () => {
  assert.equal(all([nic()], [address()]), []);
  assert.equal(all([nic()], [address({ object: 'znic1/web' })]), []);
});

test('waits for an address that is still tentative', () => {
  assert.equal(all([nic()], [address({ state: 'tentative' })]).map(formatStep), [WAIT]);
});

test('takes a wrong address away before the right one comes', () => {
  assert.equal(plan(address({ text: '10.2.0.9/24' })), ['delete-addr znic1/v4', CREATE]);
});

test('an address with another prefix length is another address', () => {
  assert.equal(plan(address({ text: '10.2.0.2/16' })), ['delete-addr znic1/v4', CREATE]);
});

for (const state of ['duplicate', 'down', 'disabled', 'inaccessible']) {
  test(`makes an address anew that is ${state}`, () => {
    assert.equal(plan(address({ state })), ['delete-addr znic1/v4', CREATE]);
  });
}

test('takes a DHCP lease away, also one of the right address', () => {
  assert.equal(plan(address({ object: 'znic1/dhcp', type: 'dhcp' })), ['delete-addr znic1/dhcp', CREATE]);
});

test('leaves IPv6 and links of others alone, and does not take their names', () => {
  const linkLocal = address({ object: 'znic1/v4', family: 'inet6', type: 'addrconf', text: 'fe80::1/10' });
  const other = address({ object: 'other0/v4', link: 'other0' });
  assert.equal(plan(linkLocal, other), [CREATE.replace('/v4', '/v4n2')]);
});

test('keeps an address that the global zone gave when it is the right one', () => {
  assert.equal(all([nic()], [address({ type: 'from-gz' })]), []);
});

for (const [what, object, type] of [
  ['ipadm did not make', 'znic1/?', 'static'],
  ['the global zone gave', 'znic1/_a', 'from-gz'],
  ['the global zone gave, without a name', 'znic1/?', 'from-gz'],
] as const) {
  test(`says who has to take an address away that ${what}`, () => {
    try {
      all([nic()], [address({ object, type, text: '10.2.0.9/24' })]);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'NOT_OURS');
      return;
    }
    assert.unreachable('was planned');
  });
}

const run6 = (nics: readonly Nic[], ...observed: AddressObject[]) =>
  all(nics, observed, 'inet6')
    .map(formatStep)
    .map((line) => line.replace('/usr/sbin/ipadm ', '').replace(/^wait .* says "([^:]*):.*/, 'wait $1'));

const ULA = 'fd00:1::2/64';
const dual = nic({ addresses: ['10.2.0.2/24', ULA].map(parseInterfaceAddress) });
const linkLocal = (overrides: Partial<AddressObject> = {}) =>
  address({ object: 'znic1/ll', family: 'inet6', type: 'addrconf', text: 'fe80::1/10', ...overrides });
const static6 = (overrides: Partial<AddressObject> & { text?: string } = {}) =>
  address({ object: 'znic1/v6', family: 'inet6', text: ULA, ...overrides });

test('IPv6: the link-local address comes first and is settled before the others', () => {
  assert.equal(run6([dual]), [
    'create-addr -t -T addrconf -p stateful=no,stateless=no znic1/ll',
    'wait znic1/ll',
    `create-addr -t -T static -a ${ULA} znic1/v6`,
    'wait znic1/v6',
  ]);
  assert.equal(run6([dual], linkLocal(), static6()), []);
});

test('IPv6: what routers advertise is taken where it is asked for', () => {
  const asked = nic({ addrconf: true, addresses: [] });
  const CREATE_RA = 'create-addr -t -T addrconf znic1/ra';
  assert.equal(run6([asked]), [CREATE_RA, 'wait znic1/ra']);
  const ra = linkLocal({ object: 'znic1/ra' });
  const advertised = address({ object: 'znic1/ra', family: 'inet6', type: 'addrconf', text: '2001:db8::7/64' });
  const added = address({ object: 'znic1/?', family: 'inet6', text: '2001:db8::8/64' });
  assert.equal(run6([asked], ra, advertised, added), []);
  assert.equal(run6([asked], linkLocal()).slice(0, 2), ['delete-addr znic1/ll', CREATE_RA]);
});

test('IPv6: without its link-local address an address is made anew', () => {
  assert.equal(run6([dual], static6()).slice(0, 2), [
    'delete-addr znic1/v6',
    'create-addr -t -T addrconf -p stateful=no,stateless=no znic1/ll',
  ]);
});

test('IPv6: the link-local address goes last, and an object with several addresses once', () => {
  const second = address({ object: 'znic1/ll', family: 'inet6', type: 'addrconf', text: '2001:db8::7/64' });
  assert.equal(run6([nic()], linkLocal(), second, static6()), ['delete-addr znic1/v6', 'delete-addr znic1/ll']);
});

test('on a link with allowed addresses the names tell what the types hide', () => {
  const shown = (one: AddressObject): AddressObject => ({ ...one, type: 'from-gz' });
  assert.equal(run6([dual], shown(linkLocal()), shown(static6())), []);
  assert.equal(run6([nic()], shown(linkLocal()), shown(static6())), ['delete-addr znic1/v6', 'delete-addr znic1/ll']);
  assert.equal(plan(shown(address({ text: '10.2.0.9/24' }))), ['delete-addr znic1/v4', CREATE]);
  assert.equal(plan(shown(address({ object: 'znic1/dhcp' }))), ['delete-addr znic1/dhcp', CREATE]);
});

test('an address on the wrong link moves', () => {
  const other = nic({ link: parseLinkName('znic2'), addresses: [] });
  assert.equal(
    all([other, nic()], [address({ object: 'znic2/v4', link: 'znic2' })])
      .map(formatStep)
      .slice(0, 2),
    ['/usr/sbin/ipadm delete-addr znic2/v4', `/usr/sbin/ipadm ${CREATE}`],
  );
});

test('a lease is asked for with an end, and not waited for again', () => {
  const leased = nic({ dhcp: true, addresses: [], routers: [] });
  assert.equal(all([leased], []).map(formatStep), ['/usr/sbin/ipadm create-addr -t -T dhcp -w 60 znic1/dhcp']);
  const unbound: AddressObject = {
    object: 'znic1/dhcp',
    link: 'znic1',
    family: 'inet',
    type: 'dhcp',
    state: 'tentative',
  };
  assert.equal(all([leased], [unbound]), []);
  assert.equal(unboundLinks([leased], [unbound]), ['znic1']);
  assert.equal(unboundLinks([leased], [address({ object: 'znic1/dhcp', type: 'dhcp' })]), []);
});

test('several leases share the time of a boot', () => {
  const leased = ['znic1', 'znic2', 'znic3'].map((link) =>
    nic({ link: parseLinkName(link), dhcp: true, addresses: [] }),
  );
  assert.match(all(leased, []).map(formatStep).join(), /-w 20 znic1\/dhcp.*-w 20 znic3\/dhcp/);
});

test.run();
