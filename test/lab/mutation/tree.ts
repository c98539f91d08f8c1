// Copies of the repository to change and to test, one for each worker.
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mutation, mutatedText, pathOf } from './mutation.ts';

/** What is not copied: made by builds, or too much. */
const LEFT_OUT = ['node_modules', 'build', 'coverage', '.git'];

export interface Tree {
  readonly path: string;
  /** Does something to the tree with one change in it, and takes the change back. */
  withMutation<T>(mutation: Mutation, work: () => Promise<T>): Promise<T>;
  remove(): void;
}

/** A copy of a repository in a temporary directory, with the packages of the original. */
export function copyTree(repository: string): Tree {
  const path = mkdtempSync(join(tmpdir(), 'zonenet-mutate-'));
  const left = new Set(LEFT_OUT.map((name) => join(repository, name)));
  cpSync(repository, path, { recursive: true, filter: (source) => !left.has(source) });
  symlinkSync(join(repository, 'node_modules'), join(path, 'node_modules'));
  return {
    path,
    async withMutation(mutation, work) {
      const file = pathOf(path, mutation);
      const original = readFileSync(file);
      writeFileSync(file, mutatedText(path, mutation));
      try {
        return await work();
      } finally {
        writeFileSync(file, original);
      }
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}
