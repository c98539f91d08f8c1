import { writeFileSync } from 'node:fs';

const STDOUT = 1;

/**
 * Prints a line at once. A log is a file, a pipe or a terminal that takes it; to make Node's stream for that costs more than
 * all that is written to it.
 */
export function printLine(line: string): void {
  try {
    writeFileSync(STDOUT, `${line}\n`);
  } catch {
    // A pipe that somebody has told not to wait, and is full: the stream waits.
    process.stdout.write(`${line}\n`);
  }
}
