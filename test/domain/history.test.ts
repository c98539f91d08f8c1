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

test('a record comes from the last time it was created', () => {
  const [old, now] = [entry({ time: '2025-01-01T00:00:00Z' }), entry()];
  assert.equal(originOf('zone web1', [old, entry({ what: 'deleted' }), now, entry({ what: 'changed' })]), now);
  assert.is(originOf('zone web2', [old]), undefined);
});

test.run();
