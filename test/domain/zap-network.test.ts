// The form of the files is a fact of tribblix/zap: usr/lib/zap/create-zone and global-router.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parsePrefix } from '../../src/domain/prefix.ts';
import { parseZapNetwork, parseZapZone, zapNetworkFile } from '../../src/domain/zap-network.ts';
import { refusal } from '../support/assertions.ts';

const test = suite("zap's files");

for (const [prefix, file] of [
  ['10.0.0.0/8', 'rconfig.10'],
  ['10.2.0.0/16', 'rconfig.10.2'],
  ['10.2.3.0/24', 'rconfig.10.2.3'],
] as const) {
  test(`${prefix} is in ${file}`, () => assert.is(zapNetworkFile(parsePrefix(prefix)), `/var/zap/zones/${file}`));
}

test('other prefixes zap does not know', () => {
  for (const prefix of ['10.2.0.0/20', 'fd00::/64']) {
    assert.is(refusal(() => zapNetworkFile(parsePrefix(prefix))).code, 'PREFIX_INVALID');
  }
});

test('a network', () => {
  const text = 'interface: zrstub0\nshared-interface: snic0\ngateway: 10.2.0.1\nzone: proxy\npublic-ip:  203.0.113.5\n';
  assert.equal(parseZapNetwork(text, 'f'), {
    etherstub: 'zrstub0',
    sharedLink: 'snic0',
    router: '10.2.0.1',
    zone: 'proxy',
  });
});

test('a zone', () => {
  const text = 'brand: TRIBsparse\nzone: web1\nip-type: exclusive\naddress: 10.2.0.2\nparent_zone: proxy\nmemory: 1g\n';
  assert.equal(parseZapZone(text, 'f'), { zone: 'web1', addresses: ['10.2.0.2'], parents: ['proxy'] });
});

test('what is missing or no address is named', () => {
  assert.ok(refusal(() => parseZapNetwork('interface: zrstub0\n', '/f')).message.includes('/f'));
  assert.is(refusal(() => parseZapZone('address: 10.2.0.2\n', 'f')).code, 'RECORD_INVALID');
  assert.is(refusal(() => parseZapZone('zone: a\naddress: 10.2.0.999\n', 'f')).code, 'RECORD_INVALID');
});

test.run();
