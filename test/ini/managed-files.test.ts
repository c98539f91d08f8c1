import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseManagedFiles } from '../../src/ini/managed-files.ts';
import { SHIPPED_FILES } from '../../src/render/render.ts';
import { VIEWS } from '../../src/render/views.ts';

const test = suite('parseManagedFiles');

const MOTD = '[motd]\ntemplate = motd.hbs\npath = /etc/motd\nmode = 0644\nwhen = always\npolicy = seeded\n';

test('what is left out is no check and no reload', () => {
  assert.equal(parseManagedFiles(MOTD, 'files.ini'), [
    {
      name: 'motd',
      template: 'motd.hbs',
      path: '/etc/motd',
      mode: 0o644,
      when: 'always',
      check: [],
      reload: 'none',
      policy: 'seeded',
    },
  ]);
});

test('a check is a program and its words', () => {
  const [file] = parseManagedFiles(`${MOTD}check = /usr/sbin/ipf -6 -n -f {file}\nreload = ipf\n`, 'files.ini');
  assert.equal(file?.check, ['/usr/sbin/ipf', '-6', '-n', '-f', '{file}']);
  assert.is(file?.reload, 'ipf');
});

for (const [what, text, message] of [
  [
    'a path that is not absolute',
    MOTD.replace('/etc/motd', 'etc/motd'),
    'files.ini:3:8: [motd] path: Cannot use "etc/motd" as a path',
  ],
  [
    'a path with ..',
    MOTD.replace('/etc/motd', '/etc/../motd'),
    'files.ini:3:8: [motd] path: Cannot use "/etc/../motd" as a path',
  ],
  [
    'a template in a directory',
    MOTD.replace('motd.hbs', '../motd.hbs'),
    'files.ini:2:12: [motd] template: Cannot use "../motd.hbs" as the name of a template',
  ],
  ['a setuid mode', MOTD.replace('0644', '4755'), 'files.ini:4:8: [motd] mode: Cannot use "4755" as permissions'],
  [
    'a check without {file}',
    `${MOTD}check = /bin/true\n`,
    'files.ini:7:9: [motd] check: Cannot check a file by "/bin/true"',
  ],
  ['an unknown word', MOTD.replace('always', 'sometimes'), 'files.ini:5:8: [motd] when: Cannot use "sometimes"'],
  ['an unknown key', `${MOTD}ownr = root\n`, 'files.ini:7:1: [motd] unknown key "ownr"'],
  ['a key outside sections', `mode = 0644\n${MOTD}`, 'files.ini:1:1: this key is in no section'],
] as const) {
  test(`${what} is refused with its place`, () => {
    try {
      parseManagedFiles(text, 'files.ini');
    } catch (error) {
      assert.is((error as Error).message.split('\n')[0], message);
      return;
    }
    assert.unreachable('was taken');
  });
}

test('every shipped file has a view, and rules are always checked', () => {
  const files = parseManagedFiles(SHIPPED_FILES, 'files.ini');
  assert.equal(files.map(({ template }) => template).sort(), Object.keys(VIEWS).sort());
  assert.ok(files.filter(({ reload }) => reload !== 'none').every(({ check }) => check.length > 0));
});

test.run();
