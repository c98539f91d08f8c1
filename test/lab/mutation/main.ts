// `npm run mutate [PART OF A NAME]`: does each mutation to a copy of the tree and runs the tests that should notice.
//
// JOBS=1 for one at a time (2). Status 0: all were noticed. Nothing is left behind, also by Ctrl-C, which waits for the running tests.
import { type Mutation, mutatedText, readMutations } from './mutation.ts';
import { runTests } from './run-tests.ts';
import { copyTree, type Tree } from './tree.ts';

/** What became of a mutation; `notice` names the test that failed, or says why none did. */
interface Outcome {
  readonly noticed: boolean;
  readonly notice: string;
}

let stopping = false;

/** Takes items one after the other, as many at once as there are trees. */
async function shareOut<T>(trees: readonly Tree[], items: readonly T[], work: (tree: Tree, item: T) => Promise<void>) {
  const queue = [...items];
  await Promise.all(
    trees.map(async (tree) => {
      for (let item = queue.shift(); item !== undefined && !stopping; item = queue.shift()) await work(tree, item);
    }),
  );
}

/** Test files that fail without any change could notice nothing. A second try, since the machine may be busy. */
async function failingAlready(trees: readonly Tree[], mutations: readonly Mutation[]): Promise<string[]> {
  const failing: string[] = [];
  await shareOut(trees, [...new Set(mutations.flatMap(({ tests }) => tests))], async ({ path }, part) => {
    if ((await runTests(path, part)).kind === 'passed' || stopping) return;
    const again = await runTests(path, part);
    if (again.kind === 'passed') return;
    failing.push(part);
    console.log(`FAIL ${part} without any mutation (${again.kind})`);
  });
  return failing;
}

async function outcomeOf({ path, withMutation }: Tree, mutation: Mutation): Promise<Outcome> {
  return await withMutation(mutation, async () => {
    const reasons: string[] = [];
    for (const part of mutation.tests) {
      const verdict = await runTests(path, part);
      if (verdict.kind === 'failed') return { noticed: true, notice: `${part}: ${verdict.tests[0]}` };
      reasons.push(`${part} ${verdict.kind}`);
    }
    return { noticed: false, notice: `SURVIVED (${reasons.join(', ')})` };
  });
}

async function judge(trees: readonly Tree[], mutations: readonly Mutation[]): Promise<void> {
  const failing = await failingAlready(trees, mutations);
  if (failing.length > 0) {
    process.exitCode = 1;
    return;
  }
  const survivors: string[] = [];
  const width = Math.max(...mutations.map(({ name }) => name.length));
  let done = 0;
  await shareOut(trees, mutations, async (tree, mutation) => {
    const { noticed, notice } = await outcomeOf(tree, mutation);
    done += 1;
    if (!noticed) survivors.push(mutation.name);
    console.log(`${mutation.name.padEnd(width)}  ${notice}`);
  });
  console.log(`${done} mutations, ${done - survivors.length} noticed, ${survivors.length} survived`);
  for (const name of survivors) console.log(`  SURVIVED ${name}`);
  if (survivors.length > 0 || done < mutations.length) process.exitCode = 1;
}

async function main(): Promise<void> {
  const part = process.argv[2] ?? '';
  // npm starts us there.
  const repository = process.cwd();
  const chosen = readMutations(repository).filter(({ name, file }) => name.includes(part) || file.includes(part));
  for (const mutation of chosen) mutatedText(repository, mutation);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      stopping = true;
      console.log('stopping when the running tests are done');
    });
  }
  const trees = Array.from({ length: Math.min(Number(process.env['JOBS'] ?? 2), chosen.length) }, () =>
    copyTree(repository),
  );
  try {
    await judge(trees, chosen);
  } finally {
    for (const tree of trees) tree.remove();
  }
}

void main();
