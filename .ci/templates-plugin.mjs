// esbuild plugin for src/render:
//   'zonenet:templates'  the shipped templates and partials, precompiled, their digests, and the text of files.ini;
//   'zonenet:sources'    their texts, for the compiler;
//   'zonenet:options'    how templates are compiled, here and by the compiler;
//   'zonenet:compiler'   the compiler for templates of a site. It is ten times the size of the runtime and needed on
//                        few zones, so a bundle of the software loads it from a file beside it (`separate`).
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** The helpers for values in src/render/helpers.ts; a test holds the two lists to each other. */
const HELPERS = [
  'addressOf',
  'broadcastOf',
  'default',
  'eq',
  'hostNumberOf',
  'isInet',
  'isInet6',
  'join',
  'json',
  'netmaskOf',
  'networkOf',
  'nthAddress',
  'prefixLengthOf',
  'reverseName',
  'reverseZone',
  'shell',
  'wildcardOf',
];

/**
 * Config files are no HTML (noEscape); a misspelt name fails (strict); the only helpers are ours and the built-in ones
 * without "log" and "lookup"; partials keep their own indentation. Why each: dependencies.md §2.4.
 */
const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { log: false, lookup: false, ...Object.fromEntries(HELPERS.map((name) => [name, true])) },
  preventIndent: true,
};

const digestOf = (text) => createHash('sha256').update(text).digest('hex');

/** Names and texts of the templates in a directory; names begin with `prefix`. */
function sourcesIn(dir, prefix) {
  const names = readdirSync(dir).filter((name) => name.endsWith('.hbs'));
  return names.sort().map((name) => [`${prefix}${name}`, readFileSync(join(dir, name), 'utf8')]);
}

function precompiled(sources, prefix) {
  const entries = sources.map(
    ([name, text]) => `${JSON.stringify(name.slice(prefix.length))}: ${Handlebars.precompile(text, { ...OPTIONS })}`,
  );
  return `{ ${entries.join(',\n')} }`;
}

function templatesModule(dir) {
  const [templates, partials] = [sourcesIn(dir, ''), sourcesIn(join(dir, 'partials'), 'partials/')];
  const all = [...templates, ...partials];
  const digests = Object.fromEntries(all.map(([name, text]) => [name, digestOf(text)]));
  const edition = digestOf(JSON.stringify([Handlebars.VERSION, OPTIONS, digests]));
  const filesIni = join(dir, 'files.ini');
  return {
    contents: [
      `export const templates = ${precompiled(templates, '')};`,
      `export const partials = ${precompiled(partials, 'partials/')};`,
      `export const filesIni = ${JSON.stringify(readFileSync(filesIni, 'utf8'))};`,
      `export const digests = ${JSON.stringify(digests)};`,
      `export const edition = ${JSON.stringify(edition)};`,
    ].join('\n'),
    watchFiles: [...all.map(([name]) => join(dir, name)), filesIni],
  };
}

function sourcesModule(dir) {
  const all = [...sourcesIn(dir, ''), ...sourcesIn(join(dir, 'partials'), 'partials/')];
  const contents = `export const sources = ${JSON.stringify(Object.fromEntries(all))};`;
  return { contents, watchFiles: all.map(([name]) => join(dir, name)) };
}

export function templatesPlugin(root, { separate = false } = {}) {
  const dir = join(root, 'templates');
  const modules = {
    'zonenet:templates': () => templatesModule(dir),
    'zonenet:sources': () => sourcesModule(dir),
    'zonenet:options': () => ({
      contents: `export const options = ${JSON.stringify(OPTIONS)}; export const helpers = ${JSON.stringify(HELPERS)};`,
    }),
  };
  return {
    name: 'templates',
    setup(build) {
      build.onResolve({ filter: /^zonenet:/ }, ({ path }) => {
        if (path in modules) return { path, namespace: 'zonenet' };
        if (path !== 'zonenet:compiler') return { errors: [{ text: `there is no module "${path}"` }] };
        return separate ? { path: './compiler.cjs', external: true } : { path: join(root, 'src/render/compiler.ts') };
      });
      build.onLoad({ filter: /.*/, namespace: 'zonenet' }, ({ path }) => modules[path]());
    },
  };
}
