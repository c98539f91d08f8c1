// Options as getopt(3C) takes them apart: they end at the first operand or at "--".
import { NotModelled } from '../daemon/call.ts';

export interface Options {
  /** Values by letter, in the order given; "" for a letter that takes none. */
  readonly given: ReadonlyMap<string, readonly string[]>;
  readonly operands: readonly string[];
}

/** `letters` as getopt has them: "tR:" is -t and -R VALUE. What is not among them, and a missing value, is not modelled: the usage texts are not known. */
export function getopt(command: string, args: readonly string[], letters: string): Options {
  const given = new Map<string, string[]>();
  const add = (letter: string, value: string) => given.set(letter, [...(given.get(letter) ?? []), value]);
  let next = 0;
  for (; next < args.length; next++) {
    const arg = args[next] ?? '';
    if (arg === '--') {
      next++;
      break;
    }
    if (!arg.startsWith('-') || arg === '-') break;
    for (let i = 1; i < arg.length; i++) {
      const letter = arg[i] ?? '';
      const at = letter === ':' ? -1 : letters.indexOf(letter);
      if (at < 0) throw new NotModelled(`${command}: option -${letter}`);
      if (letters[at + 1] !== ':') {
        add(letter, '');
        continue;
      }
      const value = i + 1 < arg.length ? arg.slice(i + 1) : args[++next];
      if (value === undefined) throw new NotModelled(`${command}: option -${letter} without a value`);
      add(letter, value);
      break;
    }
  }
  return { given, operands: args.slice(next) };
}

/** The last value of an option, as a program keeps it that stores each one it meets. */
export const lastOf = ({ given }: Options, letter: string): string | undefined => given.get(letter)?.at(-1);

/** The operands, when there are as many as the command takes. */
export function operandsOf(command: string, { operands }: Options, least: number, most = least): readonly string[] {
  if (operands.length < least || operands.length > most) {
    throw new NotModelled(`${command} with ${operands.length} operands`);
  }
  return operands;
}
