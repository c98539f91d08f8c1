import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatFrame, formatStrings, frameReader, parseRequest } from './protocol.ts';

const test = suite('protocol');

for (const size of [1, 3, 7, 1000]) {
  test(`frames are put together from chunks of ${size} bytes`, () => {
    const heard: string[] = [];
    const read = frameReader(1, (body, type) => heard.push(`${type} ${body}`));
    const stream = Buffer.concat([formatFrame('o', 'hello'), formatFrame('e', ''), formatFrame('x', '12')]);
    for (let at = 0; at < stream.length; at += size) read(stream.subarray(at, at + size));
    assert.equal(heard, ['o hello', 'e ', 'x 12']);
  });
}

test('a request is read as it was sent', () => {
  const strings = ['1', 42, 41, 0, '/root', 2, 'dladm', 'show\nlink', 2, 'A=b=c', 'EMPTY='];
  assert.equal(parseRequest(formatStrings(strings).subarray(4)), {
    pid: 42,
    parent: 41,
    uid: 0,
    cwd: '/root',
    argv: ['dladm', 'show\nlink'],
    env: { A: 'b=c', EMPTY: '' },
  });
});

test('a request of another version or cut short is refused', () => {
  assert.throws(() => parseRequest(Buffer.from('2\0')), 'version "2"');
  assert.throws(() => parseRequest(formatStrings(['1', 1, 1, 0, '/', 3, 'a']).subarray(4)), 'cut short');
});

test.run();
