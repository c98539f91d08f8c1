// What a test needs of the machine beside Node.
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Where labs look: an ordinary user's PATH often lacks the sbin directories. */
const DIRECTORIES = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Which of these programs the machine has not. A test that needs one of them prints "SKIPPED: what, why" instead. */
export const missingPrograms = (programs: readonly string[]): string[] =>
  programs.filter((program) => !DIRECTORIES.some((directory) => existsSync(join(directory, program))));
