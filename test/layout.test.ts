// Holds the layout of style.md: imports go one way, outside packages stay where they belong, every test runs.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';

const test = suite('layout');

/** What each folder of src/ may import from, beside itself. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  domain: [],
  illumos: ['domain'],
  ipfilter: ['domain'],
  ini: ['domain'],
  render: ['domain'],
  plan: ['domain', 'illumos', 'ini', 'render'],
  system: ['domain', 'illumos', 'ini', 'render', 'plan'],
  host: ['domain', 'illumos', 'ipfilter', 'ini', 'render', 'plan', 'system'],
  zone: ['domain', 'illumos', 'ini', 'render', 'plan', 'system'],
  cli: ['domain', 'illumos', 'ipfilter', 'ini', 'render', 'plan', 'system', 'host'],
};

/** Where each package and each part of Node that touches the world may be imported. */
const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  commander: ['cli'],
  diff: ['cli'],
  execa: ['system'],
  handlebars: ['render'],
  ini: ['ini'],
  'ip-num': ['domain', 'plan', 'host'],
  'zonenet:templates': ['render'],
  'zonenet:compiler': ['render'],
  'zonenet:options': ['render'],
  'zonenet:sources': ['render'],
  'node:child_process': ['system'],
  'node:fs': ['system'],
  'node:fs/promises': ['system'],
  'node:module': ['system'],
  'node:net': ['domain'],
  'node:timers/promises': ['system'],
  'node:vm': ['system'],
};

/** Parts of Node without a side effect, or that an entry point needs: allowed everywhere but in domain. */
const PURE = ['node:path', 'node:crypto', 'node:util', 'node:process', 'node:buffer', 'node:os'];

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.includes('fixtures'))
    .map((name) => join(folder, name));
}

/** What a file imports: relative ones as paths from the root of the repository, others as written. */
function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const specifiers = [
    ...text.matchAll(/(?:^(?:import|export)\b[^;]*?\bfrom\s*|^import\s*|\bimport\(|\bgetBuiltinModule\()'([^']+)'/gm),
  ].map((match) => match[1] ?? '');
  return specifiers.map((specifier) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier,
  );
}

for (const file of sources('src')) {
  const folder = file.split('/')[1] ?? '';
  test(`${file} imports only what its folder may`, () => {
    const allowed = FOLDERS[folder];
    assert.ok(allowed, `src/${folder} is no folder of the layout`);
    for (const imported of importsOf(file)) {
      if (imported.startsWith('src/')) {
        const from = imported.split('/')[1] ?? '';
        assert.ok(from === folder || allowed?.includes(from), `${file} imports ${imported}`);
        assert.ok(imported.endsWith('.ts'), `${file} imports ${imported} without .ts`);
      } else {
        const packageName = imported.startsWith('node:') ? imported : (imported.split('/')[0] ?? '');
        const pure = PURE.includes(imported) && folder !== 'domain';
        assert.ok(pure || PACKAGES[packageName]?.includes(folder), `${file} imports ${imported}`);
      }
    }
  });
}

test('no import goes in a circle', () => {
  const graph = new Map(
    sources('src').map((file) => [file, importsOf(file).filter((name) => name.startsWith('src/'))]),
  );
  const done = new Set<string>();
  const walk = (file: string, path: readonly string[]) => {
    assert.not(path.includes(file), `a circle: ${[...path, file].join(' → ')}`);
    if (done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...path, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
});

test('lab and product do not know each other', () => {
  for (const file of sources('test/lab')) {
    for (const imported of importsOf(file)) assert.not(imported.startsWith('src/'), `${file} imports ${imported}`);
  }
  for (const file of sources('src')) {
    for (const imported of importsOf(file)) assert.not(imported.startsWith('test/'), `${file} imports ${imported}`);
  }
});

test('parts of Node are imported with "node:"', () => {
  for (const file of [...sources('src'), ...sources('test')]) {
    for (const imported of importsOf(file))
      assert.not(builtinModules.includes(imported), `${file} imports ${imported}`);
  }
});

test('every test file ends in a run() of each of its suites', () => {
  for (const file of sources('test').filter((name) => name.endsWith('.test.ts'))) {
    const text = readFileSync(file, 'utf8');
    const suites = [...text.matchAll(/^ *const (\w+) = suite(?:<[^\n]*>)?\(/gm)].map((match) => match[1]);
    assert.ok(suites.length > 0, `${file} has no suite`);
    for (const name of suites)
      assert.match(
        text,
        new RegExp(`^(?: *|if \\(.*\\) )(await )?${name}\\.run\\(\\);`, 'm'),
        `${file}: ${name}.run() is missing`,
      );
    assert.not.match(text, /^\w+\.only\(/m, `${file} has .only`);
  }
});

test.run();
