// The run directory of a lab: the only place on disk that a lab writes to (lab.md part 2).
import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Short, whatever TMPDIR says: a unix socket's path ends at 107 bytes. */
const PARENT = '/tmp';
const PREFIX = 'znlab-';

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
    owner = readFileSync(join(directory, 'owner'), 'utf8');
  } catch {
    return false;
  }
  const [pid = '', started, namespace] = owner.trim().split(' ');
  return namespace === pidNamespace() && startTime(Number(pid)) !== started;
}

/** Removes what labs left whose runner was killed. Two that start at once may both try. */
export function removeStaleRunDirectories(): void {
  for (const name of readdirSync(PARENT)) {
    const directory = join(PARENT, name);
    if (name.startsWith(PREFIX) && isStale(directory)) rmSync(directory, { recursive: true, force: true });
  }
}

/** A new one, owned by this process. */
export function makeRunDirectory(): string {
  const directory = mkdtempSync(join(PARENT, PREFIX));
  writeFileSync(join(directory, 'owner'), `${process.pid} ${startTime(process.pid)} ${pidNamespace()}\n`);
  return directory;
}
