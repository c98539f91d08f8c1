// What the launcher znetadm.sh starts Node with.
import { join } from 'node:path';
import { VOLATILE } from '../plan/host-paths.ts';
import { startProgram } from '../system/start.ts';

/** Each command keeps what it uses. Undefined: not a name of a command. */
const command = /^[a-z]+(-[a-z]+)*$/.exec(process.argv[2] ?? '')?.[0];

startProgram({
  program: join(__dirname, 'znetadm.cjs'),
  file: command === undefined ? undefined : `${VOLATILE}/code/${command}`,
});
