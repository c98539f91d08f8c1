// What the method program zonenet.sh starts Node with.
import { join } from 'node:path';
import { compiledMethod, METHODS, type MethodPart } from '../plan/zone-paths.ts';
import { startProgram } from '../system/start.ts';

const method = METHODS.find((name) => name === process.argv[2]);

const part = (name: MethodPart) => ({
  program: join(__dirname, `${name}.cjs`),
  file: method === undefined ? undefined : compiledMethod(method, name),
});

startProgram(part('method'), [part('render')]);
