// Transcripts in the notation of illumos.md §11: "$ COMMAND", lines of stdout, lines of stderr after "2>", "=STATUS", "␠" for a last blank.
import * as assert from 'uvu/assert';
import type { CallResult } from '../daemon/call.ts';

export type RunCommand = (argv: readonly string[]) => Promise<CallResult>;

/** Runs every command of a transcript and compares output, streams and exit status byte for byte. */
export async function follow(transcript: string, run: RunCommand): Promise<void> {
  const blocks = transcript.replace(/^\n/, '').split(/^\$ /m).slice(1);
  assert.ok(blocks.length > 0, 'no command in the transcript');
  for (const block of blocks) {
    const [command = '', ...lines] = block.replace(/\n$/, '').split('\n');
    const shown = lines.map((line) => line.replace(/␠$/, ' '));
    const text = (part: readonly string[]) => part.map((line) => `${line}\n`).join('');
    const expected = {
      status: Number(shown.at(-1)?.slice(1)),
      stdout: text(shown.slice(0, -1).filter((line) => !line.startsWith('2>'))),
      stderr: text(shown.filter((line) => line.startsWith('2>')).map((line) => line.slice(2))),
    };
    assert.equal(await run(wordsOf(command)), expected, `$ ${command}`);
  }
}

/** Words as a shell splits them; only single and double quotes are known. */
function wordsOf(command: string): string[] {
  return [...command.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replace(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}
