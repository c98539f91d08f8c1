// esbuild plugin for src/render:
//   'zonenet:templates'  the shipped templates and partials, precompiled, and the text of files.ini;
//   'zonenet:compiler'   the compiler for templates of a site. It is ten times the size of the runtime and needed on
//                        few zones, so a bundle of the software loads it from a file beside it (`separate`).
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import Handlebars from 'handlebars';

/** As in src/render/compiler.ts; why each: dependencies.md, trap 11. */
const OPTIONS = {
  noEscape: true,
  strict: true,
  knownHelpersOnly: true,
  knownHelpers: { log: false, lookup: false },
  preventIndent: true,
};

function precompiled(dir) {
  const names = readdirSync(dir)
    .filter((name) => name.endsWith('.hbs'))
    .sort();
  const entries = names.map((name) => {
    const source = readFileSync(join(dir, name), 'utf8');
    return `${JSON.stringify(name)}: ${Handlebars.precompile(source, { ...OPTIONS, srcName: undefined })}`;
  });
  return { text: `{ ${entries.join(',\n')} }`, files: names.map((name) => join(dir, name)) };
}

export function templatesPlugin(root, { separate = false } = {}) {
  return {
    name: 'templates',
    setup(build) {
      build.onResolve({ filter: /^zonenet:/ }, ({ path }) => {
        if (path === 'zonenet:templates') return { path, namespace: 'zonenet' };
        if (path !== 'zonenet:compiler') return { errors: [{ text: `there is no module "${path}"` }] };
        return separate ? { path: './compiler.cjs', external: true } : { path: join(root, 'src/render/compiler.ts') };
      });
      build.onLoad({ filter: /^zonenet:templates$/, namespace: 'zonenet' }, () => {
        const dir = join(root, 'templates');
        const templates = precompiled(dir);
        const partials = precompiled(join(dir, 'partials'));
        const filesIni = join(dir, 'files.ini');
        return {
          contents: [
            `export const templates = ${templates.text};`,
            `export const partials = ${partials.text};`,
            `export const filesIni = ${JSON.stringify(readFileSync(filesIni, 'utf8'))};`,
          ].join('\n'),
          watchFiles: [...templates.files, ...partials.files, filesIni],
        };
      });
    },
  };
}
