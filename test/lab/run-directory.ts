// The run directory of a lab: the only place on disk that a lab writes to (lab.md part 2).
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';

/** Short, whatever TMPDIR says: a unix socket's path ends at 107 bytes. */
const PARENT = '/tmp';
const PREFIX = 'znlab-';
/** Ends the name of one that is being removed: whoever finds it may go on with that. */
const GONE = '.gone';

/** When a process was started, in clock ticks since boot; undefined when it has ended. With the pid it is unique. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

const pidNamespace = () => readlinkSync('/proc/self/ns/pid');

/** Whether the owner of a run directory is gone. One without an owner, or of another pid namespace, is let alone. */
function isStale(directory: string): boolean {
  let owner: string;
  try {
    if (statSync(directory).uid !== process.getuid?.()) return false;
    if (directory.endsWith(GONE)) return true;
    owner = readFileSync(join(directory, 'owner'), 'utf8');
  } catch {
    return false;
  }
  const [pid = '', started, namespace] = owner.trim().split(' ');
  return namespace === pidNamespace() && startTime(Number(pid)) !== started;
}

/** Removes a run directory. It has no owner from the first moment on, whoever is killed in the middle. */
export function removeRunDirectory(directory: string): void {
  const gone = directory.endsWith(GONE) ? directory : `${directory}${GONE}`;
  try {
    if (gone !== directory) renameSync(directory, gone);
  } catch (error) {
    // Somebody else was faster.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return;
    throw error;
  }
  rmSync(gone, { recursive: true, force: true, maxRetries: 3 });
}

/** Removes what labs left whose runner was killed. Two that start at once may both try. */
export function removeStaleRunDirectories(): void {
  for (const name of readdirSync(PARENT)) {
    const directory = join(PARENT, name);
    if (name.startsWith(PREFIX) && isStale(directory)) removeRunDirectory(directory);
  }
}

/** A new one, owned by this process. */
export function makeRunDirectory(): string {
  const directory = mkdtempSync(join(PARENT, PREFIX));
  writeFileSync(join(directory, 'owner'), `${process.pid} ${startTime(process.pid)} ${pidNamespace()}\n`);
  return directory;
}
