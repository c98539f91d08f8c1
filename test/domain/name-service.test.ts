import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatLease, parseLease } from '../../src/domain/lease.ts';
import { parseMac, randomMac } from '../../src/domain/mac.ts';
import { formatNameService, parseNameService, readNameService } from '../../src/domain/name-service.ts';
import { parseNetworkName } from '../../src/domain/names.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('names and leases');

for (const text of ['hosts', 'dns back.internal']) {
  test(`"${text}" is read and written back`, () => assert.is(formatNameService(parseNameService(text)), text));
}

for (const text of ['', 'dns', 'none', 'hosts back.internal', 'dns a b', 'dns a_b', 'dns ', 'DNS back.internal']) {
  test(`a record with names = "${text}" is refused`, () =>
    assert.ok(['VALUE_INVALID', 'NAME_INVALID'].includes(refusal(() => parseNameService(text)).code ?? '')));
}

test('a command line may leave the domain out: it is named for the network', () => {
  const read = (text: string, network = 'Back') => readNameService(text, parseNetworkName(network));
  assert.equal(read('dns'), { by: 'dns', domain: 'back.internal' });
  assert.equal(read('dns=Example.COM.'), { by: 'dns', domain: 'example.com' });
  assert.equal(read('hosts'), { by: 'hosts' });
  assert.is(read('none'), undefined);
  assert.is(refusal(() => read('dns', 'back_2')).code, 'VALUE_INVALID');
  assert.equal(read('dns=b2.internal', 'back_2'), { by: 'dns', domain: 'b2.internal' });
  for (const text of ['dns=', 'dns=a b', 'hosts=x', 'yes', 'dns x']) {
    assert.ok(['VALUE_INVALID', 'NAME_INVALID'].includes(refusal(() => read(text)).code ?? ''), text);
  }
});

test('an Ethernet address is one text, however dladm prints it', () => {
  assert.is(parseMac('2:8:20:A:b:0c'), '02:08:20:0a:0b:0c');
  assert.is(randomMac('0a0b0c'), '02:08:20:0a:0b:0c');
  for (const text of [
    '',
    '2:8:20:a:b',
    '2:8:20:a:b:c:d',
    '3:8:20:a:b:c',
    '0:0:0:0:0:0',
    '2:8:20:a:b:cg',
    ' 2:8:20:a:b:c',
  ]) {
    assert.is(refusal(() => parseMac(text)).code, 'VALUE_INVALID');
  }
});

test('a lease is an Ethernet address and an IPv4 address', () => {
  assert.is(formatLease(parseLease('2:8:20:a:b:c 10.2.0.5')), '02:08:20:0a:0b:0c 10.2.0.5');
  for (const text of ['2:8:20:a:b:c', '2:8:20:a:b:c 10.2.0.5 x', '2:8:20:a:b:c fd00::5', '10.2.0.5 2:8:20:a:b:c']) {
    assert.ok(['VALUE_INVALID', 'ADDRESS_INVALID'].includes(refusal(() => parseLease(text)).code ?? ''));
  }
});

test.run();
