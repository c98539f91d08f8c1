// uvu for tests, built in its place: it tells why a suite could not begin. uvu's runner returns in a `finally`, where what a
// `before` has thrown is lost.
import { suite as plainSuite } from 'uvu';

export * from 'uvu';

export function suite(name, context) {
  const tests = plainSuite(name, context);
  const { before } = tests;
  const told = (prepare) => async (state) => {
    try {
      await prepare(state);
    } catch (error) {
      console.error(`"${name}" could not begin:`, error);
      throw error;
    }
  };
  tests.before = Object.assign((prepare) => before(told(prepare)), { each: before.each });
  return tests;
}
