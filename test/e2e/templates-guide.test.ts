// docs/templates.md, followed word for word: its files are written, its commands typed, and what it says they print is there.
import { readFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab }>('the guide to templates');

test.before(async (context) => {
  context.story = await startStoryLab('proxy', 'web1');
});

test.after(({ story }) => story.stop());

/** A block of the guide: a file to write, or commands with lines that they print. */
interface Block {
  readonly path?: string;
  readonly lines: readonly string[];
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w+)(?: (\/\S+))?\n([\s\S]*?)^```$/gm)].map(([, , path, body = '']) => ({
    ...(path === undefined ? {} : { path }),
    lines: body.split('\n').slice(0, -1),
  }));
}

/** Each command with the lines below it. */
function commandsOf(lines: readonly string[]): { command: string; prints: string[] }[] {
  const commands: { command: string; prints: string[] }[] = [];
  for (const line of lines) {
    if (line.startsWith('$ ')) commands.push({ command: line.slice(2), prints: [] });
    else commands.at(-1)?.prints.push(line);
  }
  return commands;
}

test('the guide, word for word', async ({ story }) => {
  const blocks = blocksOf(readFileSync('docs/templates.md', 'utf8'));
  let typed = 0;
  for (const { path, lines } of blocks) {
    if (path !== undefined) {
      await story.lab.writeFile('global', path, lines.map((line) => `${line}\n`).join(''));
      continue;
    }
    for (const { command, prints } of commandsOf(lines)) {
      const { stdout, stderr } = await story.run(command, {
        env: { PATH: '/opt/zonenet/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
      });
      const said = (stdout + stderr).split('\n');
      let at = -1;
      for (const line of prints) {
        const next = said.findIndex((one, index) => index > at && one.includes(line));
        assert.ok(next > at, `$ ${command}\nprints no "${line}":\n${stdout}${stderr}`);
        at = next;
      }
      typed += 1;
    }
  }
  assert.is(typed, 19);
});

test('an override that began from an older shipped template is told, with all three', async ({ story }) => {
  await story.znetadm('copy-template -z web1 hosts');
  const path = '/etc/zonenet/templates/zones/web1/hosts.hbs';
  const refused = await story.run('/opt/zonenet/bin/znetadm copy-template -z web1 hosts');
  assert.is(refused.status, 1, refused.stderr);
  assert.is((await story.run('/opt/zonenet/bin/znetadm copy-template nothing')).status, 4);
  await story.lab.mustRun(`echo '# of this site' >> ${path}`);
  assert.is(await story.znetadm('check-template web1'), 'templates of zone web1: in order\n');
  // As if the shipped one had been without a line then.
  await story.lab.mustRun(`sed -i '/^::1 localhost/d' /var/zonenet/template-bases${path}`);
  const told = await story.znetadm('check-template');
  assert.match(told, `${path}: it began from an older shipped hosts.hbs\n`);
  assert.match(
    told,
    /what the software has changed since:[\s\S]*\n\+::1 localhost\n[\s\S]*what is changed here:[\s\S]*\+# of this site\n/,
  );
  assert.match(told, 'templates of 2 zones: in order\n');
});

test('what a running zone has of its own is told, and rendered with, values too', async ({ story }) => {
  await story.lab.writeFile('web1', '/etc/zonenet/templates/nodename.hbs', '{{facts.zone}}-{{vars.colour}}\n');
  await story.lab.writeFile('web1', '/etc/zonenet/local.ini', '[vars]\ncolour = blue\n');
  assert.match(await story.znetadm('list-templates -p -o template,origin web1'), 'nodename.hbs:zone\n');
  const difference = await story.znetadm('render web1 nodename');
  assert.match(difference, '-web1\n');
  assert.match(difference, '+web1-blue\n');
  await story.lab.mustRun('/usr/sbin/svcadm refresh svc:/network/zonenet:default', { zone: 'web1' });
  await story.until('/opt/zonenet/bin/znetadm render web1 nodename', '/etc/nodename: the same');
  await story.lab.writeFile('web1', '/etc/zonenet/templates/nodename.hbs', '{{#each broken}}\n');
  const broken = await story.run('/opt/zonenet/bin/znetadm render web1 nodename');
  assert.is(broken.status, 1);
  assert.match(broken.stderr, '/etc/zonenet/templates/nodename.hbs');
  await story.lab.mustRun('/bin/rm /etc/zonenet/templates/nodename.hbs', { zone: 'web1' });
  const values = await story.znetadm('render -d web1 nodename');
  assert.match(values, '"zone": "web1"');
  const unknown = await story.run('/opt/zonenet/bin/znetadm render web1 nothing');
  assert.is(unknown.status, 4);
  assert.match(unknown.stderr, 'It has nodename, hosts');
});

test.run();
