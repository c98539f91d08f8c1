// What uvu's assert lacks.
import * as assert from 'uvu/assert';

/** The error an async function rejects with. `assert.throws` does not see a rejected promise. */
export async function rejects(run: () => Promise<unknown>): Promise<Error & { code?: string; hint?: string }> {
  try {
    await run();
  } catch (error) {
    if (error instanceof Error) return error;
    assert.unreachable(`rejected with ${typeof error}, which is no Error`);
  }
  assert.unreachable('did not reject');
  throw new Error('unreachable');
}

/** A deep copy with ordinary prototypes: `ini.parse` gives null prototypes, which `assert.equal` calls different. */
export function plain<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** The error a function throws. */
export function refusal(run: () => unknown): Error & { code?: string; hint?: string } {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  assert.unreachable('did not throw an Error');
  throw new Error('unreachable');
}
