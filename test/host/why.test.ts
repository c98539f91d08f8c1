import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { createRecorder } from '../../src/host/history.ts';
import { why } from '../../src/host/why.ts';
import { rejects } from '../support/assertions.ts';
import { hostWith } from '../support/story.ts';

const test = suite('why');

const HISTORY = '/var/log/zonenet/history';
const LINE = '2026-11-23T15:40:00Z\tjane\tcreated\tzone web1\tznetadm create-zone -N back web1\n';

for (const [asked, owner, as] of [
  ['10.2.0.2', 'zone web1', 'its address on znic1, network back'],
  ['10.2.0.1', 'zone proxy', 'its address on znic0, network back'],
  ['203.0.113.5', 'zone proxy', 'its address on pnic0'],
  ['znic1', 'zone web1', 'its link to network back, over zstub0'],
  ['pnic0', 'zone proxy', 'its link outside, over e1000g0'],
  ['zstub0', 'network back', 'its etherstub'],
  ['10.2.0.77', '', "nobody's, in 10.2.0.0/24 of network back"],
  ['10.2.0.255', '', 'the broadcast address of 10.2.0.0/24, network back'],
  ['10.2.0.0', '', 'the address of the network 10.2.0.0/24 itself, network back'],
  ['192.0.2.10', '', "this host's own, e1000g0/v4"],
  ['mine0', '', 'vnic over zstub0 that znetadm did not make'],
] as const) {
  test(`${asked}: ${owner === '' ? as : owner}`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    fake.links.set('mine0', { class: 'vnic', mtu: 9000, over: 'zstub0' });
    assert.equal(await why(asked, fake.system), { asked, owner, as });
  });
}

for (const [asked, owner, as] of [
  ['10.2.0.51', 'network back', 'reserved'],
  ['10.2.0.60', 'network back', 'reserved for zone web9, which has it not'],
  ['10.2.0.2', 'zone web1', 'its address on znic1, network back'],
] as const) {
  test(`of what is reserved, ${asked}: ${owner}, ${as}`, async () => {
    const fake = await hostWith('back', 'proxy', 'web1');
    const record = '/etc/zonenet/networks/back.ini';
    const reserved = '10.2.0.50-10.2.0.59,10.2.0.60 web9,10.2.0.2'.split(',').map((one) => `reserve[] = ${one}\n`);
    fake.files.set(record, (fake.files.get(record) ?? '').replace(/\n\n\[end\]/, `\n${reserved.join('')}\n[end]`));
    assert.equal(await why(asked, fake.system), { asked, owner, as });
  });
}

test('an address in another spelling is the same', async () => {
  const fake = await hostWith('back', 'proxy');
  const record = '/etc/zonenet/zones/proxy.ini';
  fake.files.set(record, (fake.files.get(record) ?? '').replace('10.2.0.1/24', '10.2.0.1/24\naddress[] = fd00::1/64'));
  fake.files.set(HISTORY, LINE.replace('web1', 'proxy').replace(/\n$/, '\tznic0,10.2.0.1,fd00::1\n'));
  const { owner, origin } = await why('FD00:0::0001', fake.system);
  assert.equal([owner, origin?.user], ['zone proxy', 'jane']);
});

test('tells since when, and by which command', async () => {
  const fake = await hostWith('back', 'proxy', 'web1');
  fake.files.set(`${HISTORY}.0`, LINE.replace('15:40', '11:11'));
  fake.files.set(HISTORY, LINE);
  const { origin } = await why('10.2.0.2', fake.system);
  assert.equal(
    [origin?.time, origin?.user, origin?.command],
    ['2026-11-23T15:40:00Z', 'jane', 'znetadm create-zone -N back web1'],
  );
});

test('what nobody has is not found', async () => {
  const fake = await hostWith('back');
  for (const asked of ['10.9.9.9', 'nolink0']) {
    assert.is((await rejects(() => why(asked, fake.system))).code, 'NOT_FOUND');
  }
  assert.is((await rejects(() => why('10.9.9.999', fake.system))).code, 'ADDRESS_INVALID');
});

test('a run writes down each record once, and what it mends once', () => {
  const lines: string[] = [];
  const start = () =>
    createRecorder(
      { user: 'jane', command: 'znetadm x' },
      () => new Date(0),
      (line) => void lines.push(line),
    );
  const told = () => lines.splice(0).map((line) => line.trimEnd().split('\t').slice(2, 4).join(' ').trim());
  const create = start();
  create({ changes: [{ what: 'created', subject: 'zone web1', has: ['znic1'] }] });
  create({});
  create({ changes: [{ what: 'changed', subject: 'zone web1', has: ['znic1'] }] });
  assert.equal(told(), ['created zone web1']);
  const remove = start();
  for (const subject of ['zone web1', 'zone web1', 'zone proxy']) {
    remove({ changes: [{ what: 'deleted', subject, has: [] }] });
  }
  assert.equal(told(), ['deleted zone web1', 'deleted zone proxy']);
  const mend = start();
  for (let n = 0; n < 3; n += 1) mend({});
  assert.equal(told(), ['mended']);
});

test.run();
