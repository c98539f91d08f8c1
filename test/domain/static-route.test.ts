import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatStaticRoute, parseStaticRoute } from '../../src/domain/static-route.ts';
import { refusal } from '../support/assertions.ts';

const test = suite('static routes');

for (const text of ['10.9.0.0/16 10.2.0.7', 'fd00:9::/48 fd00:1::7', '10.9.0.7/32 10.2.0.7']) {
  test(`"${text}" is read and written back`, () => assert.is(formatStaticRoute(parseStaticRoute(text)), text));
}

for (const [text, code] of [
  ['10.9.0.0/16', 'VALUE_INVALID'],
  ['10.9.0.0/16  10.2.0.7', 'VALUE_INVALID'],
  ['10.9.0.0/16 10.2.0.7 x', 'VALUE_INVALID'],
  ['0.0.0.0/0 10.2.0.1', 'VALUE_INVALID'],
  ['10.9.0.0/16 fd00:1::7', 'VALUE_INVALID'],
  ['10.9.0.1/16 10.2.0.7', 'PREFIX_INVALID'],
  ['10.9.0.0 10.2.0.7', 'PREFIX_INVALID'],
  ['10.9.0.0/16 10.2.0', 'ADDRESS_INVALID'],
] as const) {
  test(`"${text}" is refused`, () => assert.is(refusal(() => parseStaticRoute(text)).code, code));
}

test.run();
