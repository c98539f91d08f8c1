// Commands in a random order that a seed fixes, each with -n before. RANDOM_DRY_RUNS="1-200" goes over other seeds.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import type { Host } from '../../src/host/host.ts';
import { sync } from '../../src/host/sync.ts';
import { dice } from '../support/dice.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { carryOut, hostForLines, randomLine } from '../support/random-lines.ts';
import { znetadm } from '../support/znetadm.ts';

const test = suite('dry runs');

const [FIRST, LAST] = (process.env['RANDOM_DRY_RUNS'] ?? '1-10').split('-').map(Number);
const STEPS = 60;

const TAKES_NO_DRY_RUN = /^(by hand|show-|list-|trace|why)/;

/** What becomes of a command: its steps, or why it is refused. */
async function outcome(line: string, host: Host): Promise<{ printed: string } | { refused: string }> {
  try {
    return { printed: await znetadm(line, host) };
  } catch (error) {
    if (error instanceof OperatorError) return { refused: error.message };
    throw error;
  }
}

/**
 * A step as both tell it. A random MAC address, and the link-local address that is made of it, are known when there is a link;
 * a random prefix when it is recorded.
 */
const known = (step: string) =>
  step
    .replace(/ +/g, ' ')
    .replace(/ -m [0-9a-f:]+ /, ' -m MAC ')
    .replace(/allowed-ips=\S+/, (list) => list.replace(/,?fe80\S*/, '').replace(/fd[0-9a-f:]+/g, 'ULA'));

/** That all is there is recorded in the end; nobody has to know before. */
const isEnd = (step: string) => /^~ record .*\/(zones|networks)\b/.test(step);

async function compare(line: string, fake: FakeHost): Promise<void> {
  fake.changes.splice(0);
  const dry = await outcome(`${line} -n`, fake.host);
  assert.equal(fake.changes, [], `${line} -n changes something`);
  const steps: string[] = [];
  const real = await outcome(line, {
    ...fake.host,
    progress: ({ sign, about, what }) => void steps.push(`${sign} ${about} ${what}`),
  });
  if ('refused' in dry || 'refused' in real) {
    assert.equal('refused' in dry ? dry.refused : 'planned', 'refused' in real ? real.refused : 'done', line);
    assert.equal(fake.changes, [], `${line} is refused when something is changed`);
    return;
  }
  const told = dry.printed
    .split('\n')
    .filter((row) => /^[+~-] /.test(row))
    .map(known);
  const done = steps.map(known);
  for (const step of done) {
    const isTold = isEnd(step) || told.some((row) => row.startsWith(step));
    assert.ok(isTold, `${line} does what -n does not tell: ${step}\n${dry.printed}`);
  }
  for (const row of told) {
    assert.ok(
      done.some((step) => row.startsWith(step)),
      `${line} does not do what -n tells: ${row}`,
    );
  }
  fake.changes.splice(0);
  await outcome(line, fake.host);
  assert.equal(fake.changes, [], `${line} changes something again`);
}

for (let seed = FIRST ?? 1; seed <= (LAST ?? FIRST ?? 1); seed++) {
  test(`seed ${seed}: -n refuses what is refused, tells what is done, and changes nothing`, async () => {
    const random = dice(seed);
    const fake = await hostForLines();
    for (let step = 0; step < STEPS; step++) {
      const line = randomLine(random);
      if (TAKES_NO_DRY_RUN.test(line)) {
        await carryOut(line, fake).catch((error) => {
          if (!(error instanceof OperatorError)) throw error;
        });
      } else await compare(line, fake);
      await sync(fake.host).catch(() => undefined);
    }
  });
}

test.run();
