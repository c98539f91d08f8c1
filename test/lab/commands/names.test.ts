import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { isLinkName, isZoneName } from './names.ts';

const test = suite('names');

interface Case {
  readonly kind: 'link' | 'address-object' | 'zone';
  readonly name: string;
  readonly valid: boolean;
}
const cases: readonly Case[] = JSON.parse(readFileSync('test/fixtures/conformance/names.json', 'utf8'));

for (const [kind, isName] of [
  ['link', isLinkName],
  ['zone', isZoneName],
] as const) {
  test(`judges every ${kind} name as illumos does`, () => {
    const asked = cases.filter((entry) => entry.kind === kind);
    assert.ok(asked.length > 40);
    assert.equal(
      asked.filter(({ name, valid }) => isName(name) !== valid).map(({ name }) => name),
      [],
    );
  });
}

test.run();
