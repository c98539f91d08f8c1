import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { holdsRules } from '../../src/domain/managed-file.ts';
import { parseManagedFiles as parseLayers } from '../../src/ini/managed-files.ts';
import { SHIPPED_FILES } from '../../src/render/render.ts';
import { VIEWS } from '../../src/render/views.ts';

const test = suite('parseManagedFiles');

const parseManagedFiles = (text: string, path: string) => parseLayers([{ text, path }]);

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
  const [file] = parseManagedFiles(`${MOTD}check = /usr/sbin/ipf -6 -n -f {file}\n`, 'files.ini');
  assert.equal(file?.check, ['/usr/sbin/ipf', '-6', '-n', '-f', '{file}']);
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

const SHIPPED = { path: '/opt/zonenet/templates/files.ini', text: SHIPPED_FILES };
const OWN = '/etc/zonenet/templates/files.ini';

test('a site changes single keys of a section and adds sections of its own', () => {
  const own = '[hosts]\nmode = 0640\nowner = root:3\n\n[motd]\ntemplate = motd.hbs\npath = /etc/motd\n';
  const last = '[motd]\nreload = restart svc:/site/motd:default\npolicy = seeded\n';
  const files = parseLayers([
    SHIPPED,
    { path: '/etc/zonenet/host/templates/all/files.ini', text: own },
    { path: OWN, text: last },
  ]);
  const find = (wanted: string) => files.find(({ name }) => name === wanted);
  assert.equal(find('hosts'), {
    name: 'hosts',
    template: 'hosts.hbs',
    path: '/etc/inet/hosts',
    mode: 0o640,
    owner: { user: 'root', group: '3' },
    when: 'always',
    check: [],
    reload: 'none',
    policy: 'managed',
  });
  assert.equal(find('motd')?.reload, { verb: 'restart', service: 'svc:/site/motd:default' });
  assert.is(find('motd')?.policy, 'seeded');
});

for (const [what, text, message] of [
  ['a section without a path', '[motd]\ntemplate = motd.hbs\n', `${OWN}:1:1: [motd] "path" is missing`],
  [
    'a filter file elsewhere',
    '[ipf.conf]\npath = /tmp/ipf\n',
    `${OWN}:2:8: [ipf.conf] path: this cannot be changed, or a`,
  ],
  ['a filter file for members', '[ipf6.conf]\nwhen = member\n', `${OWN}:2:8: [ipf6.conf] when: this cannot be changed`],
  [
    'NAT that is not loaded',
    '[ipnat.conf]\nreload = none\n',
    `${OWN}:2:10: [ipnat.conf] reload: this cannot be changed`,
  ],
  [
    'rules in another file',
    '[x]\ntemplate = x.hbs\npath = /etc/x\nreload = ipf\n',
    `${OWN}:4:10: [x] reload: ipf reads only`,
  ],
  [
    'a path that is taken',
    '[x]\ntemplate = x.hbs\npath = /etc/nodename\n',
    `${OWN}:3:8: [x] path: /etc/nodename is the path of [nodename]`,
  ],
  [
    'a path in our own directory',
    '[x]\npath = /etc/zonenet/host/metadata.ini\n',
    `${OWN}:2:8: [x] path: Cannot write "/etc/zonenet/host`,
  ],
  ['a path in /dev', '[x]\npath = /dev/null\n', `${OWN}:2:8: [x] path: Cannot write "/dev/null"`],
  [
    'our own service',
    '[x]\nreload = refresh svc:/network/zonenet:default\n',
    `${OWN}:2:10: [x] reload: Cannot refresh svc:/network/zonenet`,
  ],
  [
    'ipfilter itself',
    '[x]\nreload = restart svc:/network/ipfilter:default\n',
    `${OWN}:2:10: [x] reload: Cannot restart svc:/network/ipf`,
  ],
  [
    'a service without instance',
    '[x]\nreload = refresh svc:/network/dns/server\n',
    `${OWN}:2:10: [x] reload: Cannot reload by`,
  ],
  ['an owner without group', '[x]\nowner = root\n', `${OWN}:2:9: [x] owner: Cannot use "root" as an owner`],
  ['a section that is a way', '[..]\npath = /etc/x\n', `${OWN}:1:1: [..] is no name for a file`],
] as const) {
  test(`${what} is refused where it is written`, () => {
    try {
      parseLayers([SHIPPED, { path: OWN, text }]);
    } catch (error) {
      assert.ok((error as Error).message.includes(message), (error as Error).message);
      return;
    }
    assert.unreachable('was taken');
  });
}

test('every shipped file has a view, and rules are always checked', () => {
  const files = parseManagedFiles(SHIPPED_FILES, 'files.ini');
  assert.equal(files.map(({ template }) => template).sort(), Object.keys(VIEWS).sort());
  assert.ok(files.filter(holdsRules).every(({ check }) => check.length > 0));
});

test.run();
