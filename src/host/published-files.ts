import { OperatorError } from '../domain/errors.ts';
import type { System } from '../system/system.ts';

/** Reads a file that is published for a zone. Undefined: it is not there, or something else is, in whose place it is to be published. */
export async function readPublishedFile(path: string, system: System): Promise<string | undefined> {
  return await orNothing(() => system.readFile(path));
}

/** As `readPublishedFile`, only the first so many bytes. */
export async function readPublishedHead(path: string, bytes: number, system: System): Promise<string | undefined> {
  return await orNothing(() => system.readHead(path, bytes));
}

async function orNothing(read: () => Promise<string | undefined>): Promise<string | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof OperatorError && error.code === 'FILE_REFUSED') return undefined;
    throw error;
  }
}
