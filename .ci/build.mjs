// Builds what a host gets (build/opt/zonenet), the lab (build/lab), the bench and, when asked, the tests.
import { createHash } from 'node:crypto';
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { templatesPlugin } from './templates-plugin.mjs';

const root = join(import.meta.dirname, '..');
const out = (path) => join(root, 'build', path);
const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  logLevel: 'warning',
  legalComments: 'none',
};

/** The files below `dir` whose name ends in `ending`. Empty when there is no such directory. */
export function filesBelow(dir, ending) {
  const top = join(root, dir);
  if (!existsSync(top)) return [];
  return readdirSync(top, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name).slice(root.length + 1))
    .sort();
}

/** system/start.ts runs code in a script, where only require is at hand. */
const SOFTWARE = { format: 'cjs', minify: true, supported: { 'dynamic-import': false } };

/**
 * The method in two files: what every run needs, and what only those need that have something to render. The second takes what
 * they share from the first.
 */
async function buildMethod() {
  const { outputFiles, metafile } = await build({
    ...common,
    entryPoints: { method: 'src/zone/main.ts' },
    outdir: out('method'),
    format: 'esm',
    minify: true,
    splitting: true,
    write: false,
    metafile: true,
    plugins: [templatesPlugin(root, { separate: true })],
  });
  const parts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  const entryOf = (source) => {
    const [path] = Object.entries(metafile.outputs).find(([, { entryPoint }]) => entryPoint === source) ?? [];
    if (path === undefined) throw new Error(`${source} is in no file of its own`);
    return basename(path);
  };
  const [main, render] = [entryOf('src/zone/main.ts'), entryOf('src/zone/render-files.ts')];
  const shared = [...parts.keys()].filter((name) => name !== main && name !== render);
  const write = (name, contents, externals) =>
    build({
      ...common,
      ...SOFTWARE,
      // For node it would name the exports once more, for modules that import them.
      platform: 'neutral',
      external: ['node:*'],
      stdin: { contents, resolveDir: root },
      outfile: out(`opt/zonenet/lib/${name}`),
      plugins: [partsPlugin(parts, externals)],
    });
  const exports = shared.map((name) => `export * from './${name}';`).join('\n');
  await write('method.cjs', `${exports}\nimport './${main}';`, { [render]: './render.cjs' });
  const fromMethod = Object.fromEntries(shared.map((name) => [name, './method.cjs']));
  await write('render.cjs', parts.get(render), fromMethod);
}

/** esbuild plugin: the parts of a split build by name; those in `externals` are in another file. */
function partsPlugin(parts, externals) {
  return {
    name: 'parts',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path }) => {
        const name = basename(path);
        if (name in externals) return { path: externals[name], external: true };
        return parts.has(name) ? { path: name, namespace: 'part' } : { path, external: true };
      });
      onLoad({ filter: /.*/, namespace: 'part' }, ({ path }) => ({ contents: parts.get(path) }));
    },
  };
}

/** The software as a host installs it: self-contained CommonJS bundles, no node_modules. */
async function buildSoftware() {
  rmSync(out('opt'), { recursive: true, force: true });
  const entryPoints = {
    'start-znetadm': 'src/cli/start.ts',
    znetadm: 'src/cli/main.ts',
    'start-method': 'src/zone/start.ts',
    compiler: 'src/render/compiler.ts',
  };
  const present = Object.fromEntries(Object.entries(entryPoints).filter(([, file]) => existsSync(join(root, file))));
  await build({
    ...common,
    entryPoints: present,
    outdir: out('opt/zonenet/lib'),
    outExtension: { '.js': '.cjs' },
    ...SOFTWARE,
    plugins: [templatesPlugin(root, { separate: true })],
  });
  await buildMethod();
  for (const dir of ['templates', 'smf-manifests']) {
    if (existsSync(join(root, dir))) cpSync(join(root, dir), out(`opt/zonenet/${dir}`), { recursive: true });
  }
  cpSync(join(root, 'LICENSE'), out('opt/zonenet/LICENSE'));
  // Programs written in sh: the launcher of znetadm and the SMF method.
  for (const file of filesBelow('src', '.sh')) {
    const target = out(join('opt/zonenet', file.includes('/cli/') ? 'bin' : 'method', basename(file, '.sh')));
    mkdirSync(join(target, '..'), { recursive: true });
    cpSync(join(root, file), target);
    chmodSync(target, 0o755);
  }
  // Names what a boot is planned by: a plan made ahead by another software is not used (docs/decisions/0019).
  const hash = createHash('sha256');
  for (const file of ['lib/method.cjs', 'lib/render.cjs', 'method/zonenet', 'method/zonenet-boot']) {
    if (existsSync(out(`opt/zonenet/${file}`))) hash.update(readFileSync(out(`opt/zonenet/${file}`)));
  }
  writeFileSync(out('opt/zonenet/lib/edition'), `${hash.digest('hex')}\n`);
}

/** labd and the programs a person starts. */
async function buildLab() {
  const entries = {
    labd: 'test/lab/daemon/main.ts',
    demo: 'test/demo/main.ts',
    internet: 'test/lab/outside/server.ts',
    peer: 'test/lab/outside/peer-program.ts',
    shell: 'test/lab/shell.ts',
    mutate: 'test/lab/mutation/main.ts',
  };
  const entryPoints = Object.fromEntries(Object.entries(entries).filter(([, file]) => existsSync(join(root, file))));
  if (Object.keys(entryPoints).length === 0) return;
  await build({
    ...common,
    entryPoints,
    outdir: out('lab'),
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    sourcemap: 'inline',
  });
}

/** esbuild plugin: uvu.mjs stands before uvu. */
const toldUvu = {
  name: 'told-uvu',
  setup({ onResolve }) {
    const told = join(root, '.ci/uvu.mjs');
    onResolve({ filter: /^uvu$/ }, ({ importer }) =>
      importer === told ? { path: 'uvu', external: true } : { path: told },
    );
  },
};

/** Entry points compiled to ES modules that find their packages in node_modules. */
async function buildModules(entryPoints, outdir) {
  if (entryPoints.length === 0) return;
  rmSync(out(outdir), { recursive: true, force: true });
  await build({
    ...common,
    entryPoints,
    outbase: join(root, 'test'),
    outdir: out(outdir),
    outExtension: { '.js': '.mjs' },
    format: 'esm',
    packages: 'external',
    sourcemap: 'inline',
    plugins: [templatesPlugin(root), toldUvu],
  });
}

export async function buildAll({ tests = false, match = '' } = {}) {
  await Promise.all([
    buildSoftware(),
    buildLab(),
    buildModules(filesBelow('test/bench', 'main.ts'), 'bench-modules'),
    ...(tests
      ? [
          buildModules(
            filesBelow('test', '.test.ts').filter((file) => file.includes(match)),
            'test',
          ),
        ]
      : []),
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildAll();
