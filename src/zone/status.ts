import { OperatorError } from '../domain/errors.ts';
import type { ZoneStatus } from '../domain/zone-status.ts';
import { ZONENET } from '../illumos/smf.ts';
import { formatSetProperties, type Property, runStatements } from '../illumos/svccfg.ts';
import { formatStatus, parseStatus } from '../ini/status.ts';
import type { FileContent } from '../plan/step.ts';
import { STATE_DIRECTORY, STATEMENTS, STATUS } from '../plan/zone-paths.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';

const NO_STATUS: ZoneStatus = {
  generation: 0,
  digest: '',
  verified: false,
  applied: 0,
  milliseconds: 0,
  message: '',
};

/** The status written last. One that is missing or damaged is as good as none: it will be written anew. */
export async function readStatus(system: System): Promise<ZoneStatus> {
  const text = await system.readFile(STATUS);
  if (text === undefined) return NO_STATUS;
  try {
    return parseStatus(text, STATUS);
  } catch (error) {
    if (error instanceof OperatorError) return NO_STATUS;
    throw error;
  }
}

/**
 * Writes the status, unless it says what it said before. Not being able to is logged and no failure: the network is
 * configured all the same.
 */
export async function writeStatus(status: ZoneStatus, previous: ZoneStatus, system: System): Promise<void> {
  if (sameMatter(status, previous)) return;
  const write = (file: Pick<FileContent, 'path' | 'content' | 'scratch'>) =>
    ({ kind: 'write', reason: 'the status is new', file: { ...file, mode: 0o644 }, replaces: true }) as const;
  try {
    await execute(
      [
        { kind: 'directory', reason: 'the method keeps its state there', path: STATE_DIRECTORY, mode: 0o755 },
        write({ path: STATEMENTS, content: formatSetProperties(propertiesOf(status)), scratch: true }),
        { kind: 'run', reason: 'the host reads the status there', command: runStatements(ZONENET, STATEMENTS) },
        // Last: while it is the old one, the next run writes both again.
        write({ path: STATUS, content: formatStatus(status) }),
      ],
      system,
    );
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    system.log(`the status could not be written: ${error.message}`);
  }
}

/** Time and duration alone are no news. */
function sameMatter(a: ZoneStatus, b: ZoneStatus): boolean {
  return a.generation === b.generation && a.digest === b.digest && a.verified === b.verified && a.message === b.message;
}

/** SMF properties hold one line of plain text; the whole story is in the log. */
export function oneLine(text: string): string {
  const [line = ''] = text.split('\n');
  return line.replace(/[^\x20-\x7e]/g, '?').slice(0, 400);
}

function propertiesOf({ generation, digest, verified, applied, milliseconds, message }: ZoneStatus): Property[] {
  return [
    { name: 'status/generation', type: 'count', value: `${generation}` },
    { name: 'status/digest', type: 'astring', value: digest },
    { name: 'status/verified', type: 'boolean', value: `${verified}` },
    { name: 'status/applied', type: 'count', value: `${applied}` },
    { name: 'status/milliseconds', type: 'count', value: `${milliseconds}` },
    { name: 'status/message', type: 'astring', value: message },
  ];
}
