// What is found in a template of a site before it is ever rendered.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ZoneMetadata } from '../../src/domain/metadata.ts';
import { LIMITS } from '../../src/render/limits.ts';
import { compileOverrides, type TemplateOverride } from '../../src/render/render.ts';
import { keyOf, type Shape, shapeOf } from '../../src/render/shape.ts';
import { shapeFor } from '../../src/render/specimen.ts';
import { VIEWS, viewOf } from '../../src/render/views.ts';
import { rejects } from '../support/assertions.ts';
import { memberMetadata, proxyMetadata } from '../support/metadata.ts';
import { rendererOf } from '../support/rendered.ts';

const test = suite('checkTemplate');

const override = (name: string, text: string): TemplateOverride => ({ name, path: `/t/${name}`, text });

async function fault(...overrides: TemplateOverride[]): Promise<string[]> {
  const error = await rejects(() => compileOverrides(overrides, [...Object.keys(VIEWS), 'x.hbs']));
  assert.is(error.code, 'TEMPLATE_INVALID');
  return error.message.split('\n');
}

for (const [what, text, first] of [
  ['a misspelt list', '{{#each mpas}}x{{/each}}', '/t/ipnat.conf.hbs:1:9: unknown variable "{{mpas}}"'],
  ['a misspelt condition', '{{#if ports.frist}}x{{/if}}', '/t/ipnat.conf.hbs:1:7: unknown variable "{{ports.frist}}"'],
  [
    'a name in a branch not taken',
    '{{#if maps}}{{else}}{{nosuch}}{{/if}}',
    '/t/ipnat.conf.hbs:1:23: unknown variable "{{nosuch}}"',
  ],
  [
    'a name after "as"',
    '{{#each maps as |m|}}{{m.lnik}}{{/each}}',
    '/t/ipnat.conf.hbs:1:24: unknown variable "{{m.lnik}}"',
  ],
  ['a way out of the top', '{{../maps}}', '/t/ipnat.conf.hbs:1:3: "../maps" leads out of the template'],
  ['@index outside each', '{{@index}}', '/t/ipnat.conf.hbs:1:3: unknown variable "{{@index}}"'],
  ['a list as a text', '{{maps}}', '/t/ipnat.conf.hbs:1:3: "maps" is a list, not a text'],
  ['a group as a text', '{{ports}}', '/t/ipnat.conf.hbs:1:3: "ports" is a group of values, not a text'],
  ['each over a text', '{{#each ports.first}}{{/each}}', '/t/ipnat.conf.hbs:1:9: "ports.first" is no list'],
  ['with over a list', '{{#with maps}}{{/with}}', '/t/ipnat.conf.hbs:1:9: "maps" has nothing in it to go into'],
  ['a block that is none', '{{#maps}}{{/maps}}', '/t/ipnat.conf.hbs:1:4: unknown block "#maps"'],
  ['each over two', '{{#each maps ports}}{{/each}}', '/t/ipnat.conf.hbs:1:1: "#each" takes one value, not 2'],
  ['an unknown helper', '{{netmaskFo ports.first}}', '/t/ipnat.conf.hbs:1:3: unknown helper "netmaskFo"'],
  ['a helper without a value', '{{networkOf}}', '/t/ipnat.conf.hbs:1:1: "networkOf" takes 1 values, not 0'],
  ['an inline partial', '{{#*inline "a"}}{{/inline}}', '/t/ipnat.conf.hbs:1:1: this is not allowed here'],
  ['a partial with a block', '{{#> banner}}{{/banner}}', '/t/ipnat.conf.hbs:1:1: this is not allowed here'],
  [
    'a computed partial',
    '{{> (default vars.a "b")}}',
    '/t/ipnat.conf.hbs:1:1: the name of a partial has to stand here itself',
  ],
  ['the prototype', '{{constructor}}', '/t/ipnat.conf.hbs:1:3: unknown variable "{{constructor}}"'],
  [
    'the prototype of a text',
    '{{ports.first.constructor}}',
    '/t/ipnat.conf.hbs:1:3: unknown variable "{{ports.first.constructor}}"',
  ],
  ['__proto__', '{{#with __proto__}}{{/with}}', '/t/ipnat.conf.hbs:1:9: unknown variable "{{__proto__}}"'],
  ['log', '{{log "x"}}', '/t/ipnat.conf.hbs:1:3: unknown helper "log"'],
] as const) {
  test(`${what} is found`, async () => {
    assert.is((await fault(override('ipnat.conf.hbs', text)))[0], first);
  });
}

test('all faults are told at once, also in partials, where they are written', async () => {
  const lines = await fault(
    override('ipnat.conf.hbs', '{{> own}}\n{{a}}\n'),
    override('partials/own.hbs', '{{> other}}\n{{b}}\n'),
    override('partials/other.hbs', '\n{{c}}'),
  );
  assert.equal(
    lines.filter((line) => line.startsWith('/')),
    [
      '/t/ipnat.conf.hbs:2:3: unknown variable "{{a}}"',
      '/t/partials/own.hbs:2:3: unknown variable "{{b}}"',
      '/t/partials/other.hbs:2:3: unknown variable "{{c}}"',
    ],
  );
});

test('a partial that uses itself is found, over two corners as well', async () => {
  const [line] = await fault(
    override('partials/banner.hbs', '{{> two}}'),
    override('partials/two.hbs', '{{> banner}}'),
  );
  assert.is(line, '/t/partials/two.hbs:1:5: partial "banner" uses itself');
});

test('a shipped partial that is called with what it cannot use is found in it', async () => {
  const lines = await fault(override('hosts.hbs', '{{> nat-lines}}'));
  assert.is(lines[0], '/opt/zonenet/templates/partials/nat-lines.hbs:4:9: unknown variable "{{maps}}"');
});

test('too many nested blocks and characters are refused', async () => {
  const deep = `${'{{#if facts.zone}}'.repeat(LIMITS.nesting + 1)}${'{{/if}}'.repeat(LIMITS.nesting + 1)}`;
  assert.match((await fault(override('x.hbs', deep)))[0] ?? '', /blocks nest deeper than 20/);
  const deepest = `${'{{#if facts.zone}}'.repeat(9000)}${'{{/if}}'.repeat(9000)}`;
  assert.match((await fault(override('x.hbs', deepest)))[0] ?? '', /^\/t\/x\.hbs:1:1: blocks nest/);
  assert.match((await fault(override('x.hbs', `{{eq ${'(eq '.repeat(9000)}`)))[0] ?? '', /blocks nest/);
  assert.match((await fault(override('x.hbs', ' '.repeat(LIMITS.characters + 1))))[0] ?? '', /a template has at most/);
});

test('a template that would go round for ever is stopped', async () => {
  const text = `${'{{#each @root.vars.l}}'.repeat(8)}x${'{{/each}}'.repeat(8)}`;
  const render = await rendererOf(override('x.hbs', text));
  const vars = { l: Array.from({ length: 20 }, () => 'a') };
  const error = await rejects(async () => render('x.hbs', viewOf('x.hbs', memberMetadata(), vars)));
  assert.match(error.message, /^\/t\/x\.hbs:1:\d+: this goes round more than 200000 times/);
});

test('an override that nothing uses is not in the way', async () => {
  assert.equal((await compileOverrides([override('old.hbs', '{{#if')], Object.keys(VIEWS))).code, {});
});

test('values of the site may be missing where that is asked for, and only there', async () => {
  const text = '{{#if vars.motd}}{{vars.motd}}{{else}}none{{/if}}';
  const render = await rendererOf(override('x.hbs', text), override('y.hbs', '{{vars.motd}}'));
  assert.is(render('x.hbs', viewOf('x.hbs', memberMetadata(), {})), 'none');
  assert.is(render('x.hbs', viewOf('x.hbs', memberMetadata(), { motd: 'hello' })), 'hello');
  const error = await rejects(async () => render('y.hbs', viewOf('y.hbs', memberMetadata(), { modt: 'x' })));
  assert.match(error.message, /unknown variable "\{\{vars\.motd\}\}"\n.*\n.*\n {2}did you mean "vars\.modt"\?/);
});

/** Keys of a view that its shape has not. */
function beyond(view: Shape, known: Shape, path: string): string[] {
  if (known.kind === 'any') return [];
  if (view.kind === 'list') return known.kind === 'list' ? beyond(view.of, known.of, `${path}[]`) : [path];
  if (view.kind !== 'record') return [];
  return Object.entries(view.keys).flatMap(([key, inner]) => {
    const shape = keyOf(known, key);
    return shape === undefined ? [`${path}.${key}`] : beyond(inner, shape, `${path}.${key}`);
  });
}

test('the specimens have everything that real zones are given', () => {
  const zones: ZoneMetadata[] = [memberMetadata(), proxyMetadata(), proxyMetadata({ nics: [] })];
  for (const template of [...Object.keys(VIEWS), 'x.hbs']) {
    for (const zone of zones) {
      assert.equal(beyond(shapeOf(viewOf(template, zone, { a: ['b'] })), shapeFor(template), template), []);
    }
  }
});

test.run();
