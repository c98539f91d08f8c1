import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { COMPILED } from '../../src/plan/zone-paths.ts';
import { compiledOverrides } from '../../src/zone/compiled-cache.ts';
import { createFakeZone } from '../support/fake-zone.ts';

const test = suite('compiledOverrides');

const own = (text: string) => [{ name: 'nodename.hbs', path: '/etc/zonenet/templates/nodename.hbs', text }];
const templates = ['nodename.hbs'];

test('what was compiled is kept, and used as long as nothing is another', async () => {
  const zone = createFakeZone();
  const first = await compiledOverrides(own('a\n'), templates, zone.system);
  zone.changes.splice(0);
  assert.equal((await compiledOverrides(own('a\n'), templates, zone.system)).code, first.code);
  assert.equal(zone.changes, []);
  const second = await compiledOverrides(own('b\n'), templates, zone.system);
  assert.equal(zone.changes, [`write ${COMPILED}`]);
  assert.not.equal(second.code, first.code);
});

test('one that somebody changed is made anew, not run', async () => {
  const zone = createFakeZone();
  const { code } = await compiledOverrides(own('a\n'), templates, zone.system);
  const kept = zone.files.get(COMPILED) ?? '';
  for (const damaged of [kept.replace('a\\\\n', 'b\\\\n'), kept.slice(0, 40), '{}', 'null', '']) {
    zone.files.set(COMPILED, damaged);
    assert.equal((await compiledOverrides(own('a\n'), templates, zone.system)).code, code);
    assert.is(zone.files.get(COMPILED), kept);
  }
});

test.run();
