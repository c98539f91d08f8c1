import { partials } from 'zonenet:templates';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { VALUE_HELPERS } from '../../src/render/helpers.ts';
import type { TemplateOverride } from '../../src/render/render.ts';
import { VIEWS } from '../../src/render/views.ts';
import { rejects } from '../support/assertions.ts';
import { proxyMetadata } from '../support/metadata.ts';
import { rendererOf } from '../support/rendered.ts';

const test = suite('createRenderer');

function override(name: string, text: string): TemplateOverride {
  return { name, path: `/etc/zonenet/templates/${name}`, text };
}

async function renderNat(...overrides: TemplateOverride[]): Promise<string> {
  const view = VIEWS['ipnat.conf.hbs'];
  if (view === undefined) throw new Error('no view');
  return (await rendererOf(...overrides))('ipnat.conf.hbs', view(proxyMetadata(), {}));
}

test('a template of the site takes the place of the shipped one', async () => {
  const text = '{{#each maps}}\nmap {{link}} {{network}} -> {{to}}\n{{/each}}\n';
  assert.is(await renderNat(override('ipnat.conf.hbs', text)), 'map pnic0 10.2.0.0/24 -> 203.0.113.5/32\n');
});

test('a partial of the site is used by the shipped templates', async () => {
  const output = await renderNat(override('partials/banner.hbs', '# {{template.name}} of example.com\n'));
  assert.is(output.split('\n')[0], '# ipnat.conf.hbs of example.com');
  assert.is(output.split('\n')[1], 'map pnic0 10.2.0.0/24 -> 203.0.113.5/32 portmap tcp/udp 10000:29999');
});

test('a template of the site may use a partial of its own', async () => {
  const own = [override('ipnat.conf.hbs', '{{> extra}}\n'), override('partials/extra.hbs', '# {{ports.first}}\n')];
  assert.is(await renderNat(...own), '# 10000\n');
});

test('values are not escaped', async () => {
  assert.is(
    await renderNat(override('ipnat.conf.hbs', '"{{template.path}}" = \'<&>\'')),
    '"/etc/zonenet/templates/ipnat.conf.hbs" = \'<&>\'',
  );
});

for (const [what, text, message] of [
  [
    'an unknown variable',
    '# NAT\n{{#each maps}}\nmap {{link}} {{netwrok}} -> {{to}}\n{{/each}}\n',
    [
      '/etc/zonenet/templates/ipnat.conf.hbs:3:16: unknown variable "{{netwrok}}"',
      '   3 | map {{link}} {{netwrok}} -> {{to}}',
      '     |                ^^^^^^^',
      '  did you mean "network"? Here are: link, network, to. This template is given: ports, maps, maps6, forwards, facts, vars',
    ],
  ],
  [
    'an unknown name in a path',
    'map {{ports.frist}}\n',
    [
      '/etc/zonenet/templates/ipnat.conf.hbs:1:7: unknown variable "{{ports.frist}}"',
      '   1 | map {{ports.frist}}',
      '     |       ^^^^^^^^^^^',
      '  did you mean "ports.first"? This template is given: ports, maps, maps6, forwards, facts, vars',
    ],
  ],
  [
    'a variable like nothing there is',
    '{{somethingElse}}\n',
    [
      '/etc/zonenet/templates/ipnat.conf.hbs:1:3: unknown variable "{{somethingElse}}"',
      '   1 | {{somethingElse}}',
      '     |   ^^^^^^^^^^^^^',
      '  This template is given: ports, maps, maps6, forwards, facts, vars',
    ],
  ],
  [
    'a helper that is not there',
    'a\n{{lookup maps "constructor"}}\n',
    [
      '/etc/zonenet/templates/ipnat.conf.hbs:2:3: unknown helper "lookup"',
      '   2 | {{lookup maps "constructor"}}',
      '     |   ^^^^^^',
      `  There are ${Object.keys(VALUE_HELPERS).join(', ')}`,
    ],
  ],
  [
    'a block that another one ends',
    '{{#if maps}}\n\n{{/each}}\n',
    ["/etc/zonenet/templates/ipnat.conf.hbs:1:4: if doesn't match each", '   1 | {{#if maps}}', '     |    ^^'],
  ],
  [
    'a partial that is not there',
    '{{> nosuch}}',
    [
      '/etc/zonenet/templates/ipnat.conf.hbs:1:5: unknown partial "nosuch"',
      '   1 | {{> nosuch}}',
      '     |     ^^^^^^',
      `  There are ${Object.keys(partials)
        .map((name) => name.replace('.hbs', ''))
        .join(', ')}`,
    ],
  ],
] as const) {
  test(`${what} is told with its place`, async () => {
    const error = await rejects(() => renderNat(override('ipnat.conf.hbs', text)));
    assert.is(error.code, 'TEMPLATE_INVALID');
    assert.equal(error.message.split('\n'), [...message]);
  });
}

test('what is no Handlebars at all is told with its line', async () => {
  const error = await rejects(() => renderNat(override('ipnat.conf.hbs', 'a\nb {{#if\n')));
  assert.is(error.code, 'TEMPLATE_INVALID');
  assert.match(error.message, /^\/etc\/zonenet\/templates\/ipnat\.conf\.hbs:2:8: this is no Handlebars: Expecting /);
});

test('a mistake in a partial names the partial', async () => {
  const error = await rejects(() => renderNat(override('partials/banner.hbs', '# {{template.nam}}\n')));
  assert.match(error.message, /^\/etc\/zonenet\/templates\/partials\/banner\.hbs:1:5: unknown variable/);
});

test.run();
