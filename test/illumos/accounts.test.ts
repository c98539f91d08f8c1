import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { idOf } from '../../src/illumos/accounts.ts';

const test = suite('accounts');

// As an illumos zone has it (passwd(5), group(5)).
const GROUP = 'root::0:\nother::1:root\nsys::3:root,bin,adm\nbroken::\n';

test('a name has the number of its line, a number is itself', () => {
  assert.equal(
    ['root', 'sys', '80'].map((name) => idOf(name, GROUP)),
    [0, 3, 80],
  );
});

test('what is not there has none', () => {
  assert.equal(
    ['web', 'broken', ''].map((name) => idOf(name, GROUP)),
    [undefined, undefined, undefined],
  );
});

test.run();
