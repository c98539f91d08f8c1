import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseInterfaceAddress } from '../../src/domain/prefix.ts';
import type { AddressObject } from '../../src/illumos/ipadm.ts';
import { planAddresses } from '../../src/plan/addresses.ts';
import { formatStep } from '../../src/plan/step.ts';
import { nic } from '../support/metadata.ts';

const test = suite('planAddresses');

function address(overrides: Partial<AddressObject> & { text?: string } = {}): AddressObject {
  const { text = '10.2.0.2/24', ...rest } = overrides;
  const address = parseInterfaceAddress(text);
  return { object: 'znic1/v4', link: 'znic1', family: 'inet', type: 'static', state: 'ok', address, ...rest };
}

/** What is run, without the wait that follows. */
const plan = (...observed: AddressObject[]) =>
  planAddresses([nic()], observed)
    .filter(({ kind }) => kind === 'run')
    .map(formatStep)
    .map((line) => line.replace('/usr/sbin/ipadm ', ''));

const CREATE = 'create-addr -t -T static -a 10.2.0.2/24 znic1/v4';
const WAIT = 'wait while /usr/sbin/ipadm show-addr -p -o addrobj,type,state,addr says ":tentative:"';

test('creates what is missing and waits until it is settled', () => {
  assert.equal(planAddresses([nic()], []).map(formatStep), [`/usr/sbin/ipadm ${CREATE}`, WAIT]);
});

test('plans nothing when the address is there, whatever its object is called', () => {
  assert.equal(planAddresses([nic()], [address()]), []);
  assert.equal(planAddresses([nic()], [address({ object: 'znic1/web' })]), []);
});

test('waits for an address that is still tentative', () => {
  assert.equal(planAddresses([nic()], [address({ state: 'tentative' })]).map(formatStep), [WAIT]);
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
  assert.equal(planAddresses([nic()], [address({ type: 'from-gz' })]), []);
});

for (const [what, object, type] of [
  ['ipadm did not make', 'znic1/?', 'static'],
  ['the global zone gave', 'znic1/v4', 'from-gz'],
] as const) {
  test(`says who has to take an address away that ${what}`, () => {
    try {
      planAddresses([nic()], [address({ object, type, text: '10.2.0.9/24' })]);
    } catch (error) {
      assert.is((error as { code?: string }).code, 'NOT_OURS');
      return;
    }
    assert.unreachable('was planned');
  });
}

test.run();
