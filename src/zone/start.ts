// What the method program zonenet.sh starts Node with.
import { join } from 'node:path';
import { compiledMethod, METHODS } from '../plan/zone-paths.ts';
import { startProgram } from '../system/start.ts';

const method = METHODS.find((name) => name === process.argv[2]);

startProgram({
  program: join(__dirname, 'method.cjs'),
  file: method === undefined ? undefined : compiledMethod(method),
});
