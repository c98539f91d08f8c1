import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatMetadata, parseMetadata } from '../../src/ini/metadata.ts';
import { parseLocal } from '../../src/ini/vars.ts';
import { refusal } from '../support/assertions.ts';
import { memberMetadata } from '../support/metadata.ts';

const test = suite('vars in ini');

test('metadata with values and a digest of templates reads back the same', () => {
  const vars = { motd: 'hello; # "all" = \\o/', admins: ['a', 'b c'] };
  const metadata = memberMetadata({ vars, templates: 'ab'.repeat(32) });
  assert.equal(parseMetadata(formatMetadata(metadata), 'm.ini'), metadata);
});

test("a zone's local.ini has values and nothing else", () => {
  assert.equal(parseLocal('; ours\n[vars]\nntp[] = 10.2.0.1\nntp[] = 10.2.0.2\nmotd = "a;b"\n', 'local.ini'), {
    ntp: ['10.2.0.1', '10.2.0.2'],
    motd: 'a;b',
  });
  assert.equal(parseLocal('', 'local.ini'), {});
});

for (const [what, text, message] of [
  [
    'a name that is none',
    '[vars]\na-b = 1\n',
    'local.ini:2:1: [vars] Cannot use "a-b" as the name of a value for templates',
  ],
  ['a name of every object', '[vars]\nconstructor = 1\n', 'local.ini:2:1: [vars] Cannot use "constructor" as the name'],
  [
    'an escape in a value',
    '[vars]\na = "x\\u001b[2J"\n',
    'local.ini:2:5: [vars] Cannot use this as a value for templates: it has a',
  ],
  ['another section', '[nic.znic0]\nmtu = 9000\n', 'local.ini:1:1: unknown section [nic.znic0]'],
  ['a key outside', 'motd = x\n', 'local.ini:1:1: this key is in no section'],
] as const) {
  test(`${what} is refused with its place`, () => {
    const error = refusal(() => parseLocal(text, 'local.ini'));
    assert.ok(error.message.startsWith(message), error.message);
  });
}

test.run();
