// `npm run mutate [-- PART OF A NAME OR FILE …]`: does each mutation to a copy of the tree and runs the tests that should notice.
//
// JOBS=1 for one at a time (2). Status 0: all were noticed. Nothing is left behind, also by Ctrl-C, which waits for the running tests.
import { type Mutation, mutatedText, readMutations } from './mutation.ts';
import { runTests } from './run-tests.ts';
import { copyTree, type Tree } from './tree.ts';

/** What became of a mutation. Undecided: a test took too long, or did not come to run. `text` names the test that failed, or says why none did. */
interface Outcome {
  readonly kind: 'noticed' | 'survived' | 'undecided';
  readonly text: string;
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
    let kind: Outcome['kind'] = 'survived';
    for (const part of mutation.tests) {
      const verdict = await runTests(path, part);
      if (verdict.kind === 'failed') return { kind: 'noticed', text: `${part}: ${verdict.tests[0]}` };
      if (verdict.kind !== 'passed') kind = 'undecided';
      reasons.push(`${part} ${verdict.kind === 'broken' ? `broken: ${reasonIn(verdict.output)}` : verdict.kind}`);
    }
    return { kind, text: `${kind.toUpperCase()} (${reasons.join(', ')})` };
  });
}

/** The line that an error is likely to stand on, else the last but the sum. */
function reasonIn(output: string): string {
  const lines = output.trim().split('\n');
  return (lines.find((line) => /error|cannot/i.test(line)) ?? lines.at(-2) ?? '').trim();
}

async function judge(trees: readonly Tree[], mutations: readonly Mutation[]): Promise<void> {
  const failing = await failingAlready(trees, mutations);
  if (failing.length > 0) {
    process.exitCode = 1;
    return;
  }
  const left: string[] = [];
  const width = Math.max(...mutations.map(({ name }) => name.length));
  const counts = { noticed: 0, survived: 0, undecided: 0 };
  await shareOut(trees, mutations, async (tree, mutation) => {
    const { kind, text } = await outcomeOf(tree, mutation);
    counts[kind] += 1;
    const line = `${mutation.name.padEnd(width)}  ${text}`;
    if (kind !== 'noticed') left.push(line);
    console.log(line);
  });
  const { noticed, survived, undecided } = counts;
  console.log(`${mutations.length} mutations: ${noticed} noticed, ${survived} survived, ${undecided} undecided`);
  for (const line of left) console.log(line);
  if (noticed < mutations.length) process.exitCode = 1;
}

async function main(): Promise<void> {
  const parts = process.argv.slice(2);
  // npm starts us there.
  const repository = process.cwd();
  const chosen = readMutations(repository).filter(
    ({ name, file }) => parts.length === 0 || parts.some((part) => name.includes(part) || file.includes(part)),
  );
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
