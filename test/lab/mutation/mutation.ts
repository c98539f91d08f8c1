// Changes of the lab's behaviour that tests have to notice, and the files that list them.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One single change of the lab, and the tests that should fail by it. */
export interface Mutation {
  /** What the lab does wrong then, in a few words. */
  readonly name: string;
  /** The changed file, below test/lab. */
  readonly file: string;
  /** Text that stands in the file exactly once, and what takes its place. */
  readonly find: string;
  readonly replace: string;
  /** Test files, "lab/commands/route.test", the one that should notice first. As few and as quick as do. */
  readonly tests: readonly string[];
}

/**
 * Reads a list. A mutation begins with "## NAME"; then come "file FILE", "test FILE" once or more, the lines looked for behind "- ", and
 * the lines in their place behind "+ ". Both may be parts of lines. Other lines begin with "# " or are empty.
 */
export function parseMutations(text: string): Mutation[] {
  return text
    .split(/^## /m)
    .slice(1)
    .map((part) => {
      const [name = '', ...lines] = part.split('\n');
      const behind = (mark: string) =>
        lines.filter((line) => line.startsWith(mark)).map((line) => line.slice(mark.length));
      const [file = ''] = behind('file ');
      return { name, file, tests: behind('test '), find: behind('- ').join('\n'), replace: behind('+ ').join('\n') };
    });
}

/** All mutations of a tree, in the order of the lists. */
export function readMutations(tree: string): Mutation[] {
  const directory = join(tree, 'test/lab/mutation');
  const lists = readdirSync(directory).filter((name) => name.endsWith('.txt'));
  return lists.sort().flatMap((name) => parseMutations(readFileSync(join(directory, name), 'utf8')));
}

/** Where a mutation's file lies in a tree. */
export const pathOf = (tree: string, { file }: Mutation) => join(tree, 'test/lab', file);

/**
 * The text of the mutated file.
 *
 * @throws {Error} when the text looked for does not stand there exactly once: the mutation has to follow the lab
 */
export function mutatedText(tree: string, mutation: Mutation): string {
  const { name, file, find, replace } = mutation;
  const parts = readFileSync(pathOf(tree, mutation), 'utf8').split(find);
  if (parts.length !== 2) {
    throw new Error(`mutation "${name}": its text stands ${parts.length - 1} times in test/lab/${file}:\n${find}`);
  }
  return parts.join(replace);
}
