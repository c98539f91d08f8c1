// Commands in a random order that a seed fixes. Every command that a refusal or check names is one, and whoever types those that
// free something comes to what was refused. RANDOM_HINTS="1-200" goes over other seeds.
import { CommanderError } from 'commander';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { OperatorError } from '../../src/domain/errors.ts';
import { findDrift } from '../../src/host/drift.ts';
import { sync } from '../../src/host/sync.ts';
import { dice } from '../support/dice.ts';
import type { FakeHost } from '../support/fake-host.ts';
import { carryOut, hostForLines, randomLine } from '../support/random-lines.ts';
import { znetadm } from '../support/znetadm.ts';

const test = suite('commands that refusals name');

const [FIRST, LAST] = (process.env['RANDOM_HINTS'] ?? '1-10').split('-').map(Number);
const STEPS = 60;

/** The command lines of znetadm in a hint that need nothing filled in. */
function commandsIn(hint: string): string[] {
  const all = [...hint.matchAll(/(?:: +|^ +)znetadm ([a-z].*?)(?= {2,}|, |; |$)/gm)].map(([, line = '']) => line);
  return all.filter((line) => !/\b[A-Z]{3,}\b|…/.test(line));
}

/** The lines after "to free it:", in their order; other ways are on lines of their own. */
function freeingIn(hint: string): string[] {
  const lines = hint.split('\n');
  const begin = lines.findIndex((line) => /^to free (it|them): /.test(line));
  const behind = lines.slice(begin + 1);
  const end = behind.findIndex((line) => !line.startsWith(' '));
  const all = begin < 0 ? [] : [lines[begin] ?? '', ...behind.slice(0, end < 0 ? behind.length : end)];
  return all.map((line) => line.replace(/^(to free \w+:)? +/, '').replace(/^znetadm /, ''));
}

const CHANGES_NOTHING = /^(show-|list-|trace|why|check|render|export)/;

/** It may be refused: it is called as it is to be. Not so what does all at once. */
async function sayTheSame(text: string, fake: FakeHost): Promise<void> {
  const [, all] = /^or all: +znetadm (.*?)(?= {2,}|$)/m.exec(text) ?? [];
  if (all !== undefined) await znetadm(`${all} -n`, fake.host);
  for (const line of commandsIn(text)) {
    try {
      await znetadm(CHANGES_NOTHING.test(line) || / -n\b/.test(line) ? line : `${line} -n`, fake.host);
    } catch (error) {
      const isKnown = error instanceof OperatorError && error.code !== 'USAGE';
      assert.ok(isKnown, `"${line}" is no command: ${error}\n${text}`);
    }
  }
}

/** Does what frees until the line is not refused for what is in use; `story` tells how. */
async function getOn(line: string, story: string[], fake: FakeHost): Promise<void> {
  try {
    const [program = '', ...args] = line.split(' ');
    if (!program.startsWith('/')) await carryOut(line, fake);
    // The fake host knows no shutdown, which takes its time.
    else await fake.system.run({ program, args: args.map((word) => (word === 'shutdown' ? 'halt' : word)) });
    story.push(`${line}: done`);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    story.push(`${line}: ${error.message}\n${error.hint ?? ''}`);
    const commands = freeingIn(error.hint ?? '');
    if (commands.length === 0 && error.code !== 'IN_USE') return;
    assert.ok(commands.length > 0 && story.length < 60, `who types what frees does not get on:\n${story.join('\n')}`);
    for (const command of commands) await getOn(command, story, fake);
    await getOn(line, story, fake);
  }
}

for (let seed = FIRST ?? 1; seed <= (LAST ?? FIRST ?? 1); seed++) {
  test(`seed ${seed}`, async () => {
    const random = dice(seed);
    const fake = await hostForLines();
    for (let step = 0; step < STEPS; step++) {
      const line = randomLine(random);
      try {
        await carryOut(line, fake);
      } catch (error) {
        assert.not.instance(error, CommanderError, `${line}: ${error}`);
        if (!(error instanceof OperatorError)) throw error;
        await sayTheSame(error.hint ?? '', fake);
        if (freeingIn(error.hint ?? '').length > 0) await getOn(line, [], fake);
      }
      const drifts = await findDrift(fake.host);
      for (const { fault } of drifts) await sayTheSame(fault?.hint ?? '', fake);
      if (drifts.length > 0) await sync(fake.host).catch(() => undefined);
    }
  });
}

test.run();
