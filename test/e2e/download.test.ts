// A long download through a proxy goes on while its rules change: filter and NAT, by turns. CHANGES=50 changes them so often.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { startInternet } from '../lab/outside/internet.ts';
import { startPeer } from '../lab/outside/peer.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab }>('a download');

test.before(async (context) => {
  context.story = await startStoryLab('proxy', 'web1');
});

test.after(async ({ story }) => {
  await story.stop();
});

const COUNT = Number(process.env['CHANGES'] ?? 12);

/** Filter and NAT each change at every other turn, and back. */
const CHANGES = [
  'add-rule proxy block in tcp from 192.0.2.0/24 to any port 25',
  'add-forward tcp/8080 web1:80',
  'delete-rule proxy block in tcp from 192.0.2.0/24 to any port 25',
  'delete-forward tcp/8080',
];

test('not a line of it is lost, nor late by more than a moment', async ({ story }) => {
  const { lab } = story;
  const internet = await startInternet(lab);
  const web = await startPeer(lab, { zone: 'web1' });
  const listener = await internet.listen({ address: '203.0.113.1', port: 7777 });
  const client = await web.tcp('203.0.113.1', 7777, { ms: 2000 });
  const served = await listener.accept(2000);
  assert.is(served.remote.address, '203.0.113.5');
  let [lines, slowest, going] = [0, 0, true];
  const download = (async () => {
    while (going) {
      const line = `${lines}:${'x'.repeat(4000)}\n`;
      const sent = performance.now();
      served.send(line);
      await client.expect(line, 20_000);
      slowest = Math.max(slowest, performance.now() - sent);
      lines += 1;
    }
  })();
  const before = lines;
  for (let change = 0; change < COUNT; change += 1) {
    const words = CHANGES[change % 4] ?? '';
    await story.znetadm(words);
  }
  assert.match(await story.znetadm('check'), 'everything is as recorded');
  going = false;
  await download;
  assert.ok(lines - before > 100, `${lines} lines`);
  // While NAT rules are replaced nothing is forwarded for a moment (design.md §7), and TCP sends again.
  assert.ok(slowest < 5000, `the slowest line took ${slowest.toFixed(0)} ms`);
  process.stdout.write(
    `${COUNT} changes, a download of ${lines} lines of 4 KB, the slowest after ${slowest.toFixed(0)} ms\n`,
  );
});

test.run();
