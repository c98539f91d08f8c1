import type { Command } from './command.ts';

/**
 * Asks for all properties of a group.
 *
 * `running` is what methods see; `edited` what svccfg has set, also before a refresh (§6.7).
 */
export function showProperties(fmri: string, group: string, view: 'running' | 'edited'): Command {
  return { program: '/usr/bin/svcprop', args: [...(view === 'edited' ? ['-c'] : []), '-p', group, fmri] };
}

/** Reads "group/name type value" lines into values by "group/name". Values with several elements stay one text. */
export function parseProperties(stdout: string): Map<string, string> {
  return new Map(
    stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [name = '', , ...words] = line.split(' ');
        return [name, unescapeValue(words.join(' '))];
      }),
  );
}

/** svcprop puts a "\" before what a shell would take apart, and prints an empty string as "". */
function unescapeValue(text: string): string {
  return text === '""' ? '' : text.replace(/\\(.)/gs, '$1');
}
