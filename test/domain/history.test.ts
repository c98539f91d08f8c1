import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { formatHistoryEntry, type HistoryEntry, originOf, parseHistory } from '../../src/domain/history.ts';

const test = suite('history');

const entry = (overrides: Partial<HistoryEntry> = {}): HistoryEntry => ({
  time: '2026-11-23T15:40:00Z',
  user: 'jane',
  what: 'created',
  subject: 'zone web1',
  command: 'znetadm create-zone -N back web1',
  ...overrides,
});

test('is read back as it was written', () => {
  const entries = [entry(), entry({ what: 'mended', subject: '' })];
  assert.equal(parseHistory(entries.map(formatHistoryEntry).join('')), entries);
});

test('an argument with a tab or a line break stays one field of one line', () => {
  const line = formatHistoryEntry(entry({ command: "znetadm create-zone 'a\tb\nc\x1b[31m'" }));
  assert.is(line.split('\n').length, 2);
  assert.equal(parseHistory(line)[0]?.command, "znetadm create-zone 'a\\x09b\\x0ac\\x1b[31m'");
});

test('a line that was cut off is passed over', () => {
  assert.equal(parseHistory(`${formatHistoryEntry(entry()).slice(0, 30)}\n${formatHistoryEntry(entry())}`), [entry()]);
  assert.equal(parseHistory(''), []);
});

test('what it has is read back too, and a line of an earlier zonenet has none', () => {
  const entries = [
    entry({ has: ['znic1', '10.2.0.2', '10.2.0.50 web9'] }),
    entry({ what: 'deleted', has: [] }),
    entry(),
  ];
  assert.equal(parseHistory(entries.map(formatHistoryEntry).join('')), entries);
});

const GIVEN = '10.2.0.2';
const [WITH, WITHOUT] = [{ has: ['znic1', GIVEN] }, { has: ['znic1'] }];
const change = (of: Partial<HistoryEntry>) => entry({ what: 'changed', ...of });

for (const [what, history, expected] of [
  ['since it was created', [entry(WITH), change(WITH)], 0],
  ['since the last time it was created', [entry(WITH), entry({ what: 'deleted', has: [] }), entry(WITH)], 2],
  ['since a change gave it', [entry(WITHOUT), change(WITH), change(WITH)], 1],
  ['since it was given back', [entry(WITH), change(WITHOUT), change(WITH)], 2],
  ['while it goes', [entry(WITH), entry({ what: 'deleted', has: [] })], 0],
  ['created by an earlier zonenet', [entry(), change({})], 0],
  ['an earlier zonenet did not tell what it gave', [entry(), change(WITH)], 0],
  ['older than the history', [change(WITH), change(WITH)], undefined],
  ['older than the history, but given in it', [change(WITHOUT), change(WITH)], 1],
  ['of another', [entry({ subject: 'zone web2', ...WITH })], undefined],
] as const) {
  test(`since when it has something: ${what}`, () => {
    assert.is(originOf('zone web1', GIVEN, history), expected === undefined ? undefined : history[expected]);
  });
}

test.run();
