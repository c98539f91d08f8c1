import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { planNameService } from '../../src/plan/name-service.ts';

const test = suite('planNameService');

/** The file as it is then; the same when nothing is planned. */
function after(text: string | undefined): string | undefined {
  const [step] = planNameService(text);
  return step?.kind === 'write' ? step.file.content : text;
}

for (const [what, before, wanted] of [
  ['puts dns behind files', 'hosts: files\nipnodes:\tfiles\n', 'hosts: files dns\nipnodes:\tfiles dns\n'],
  [
    'leaves all else as it is',
    '# by hand\npasswd: files ldap\n\nhosts:      files   # names\nipnodes: files\nnetworks: files\n',
    '# by hand\npasswd: files ldap\n\nhosts:      files dns   # names\nipnodes: files dns\nnetworks: files\n',
  ],
  [
    'before a source that ends the search',
    'hosts: files mdns [NOTFOUND=return] nis\nipnodes: nis\n',
    'hosts: files dns mdns [NOTFOUND=return] nis\nipnodes: dns nis\n',
  ],
  [
    'adds a line that is missing',
    'passwd: files\nhosts: files dns',
    'passwd: files\nhosts: files dns\nipnodes: files dns\n',
  ],
  ['writes a file that is missing', undefined, 'hosts: files dns\nipnodes: files dns\n'],
  ['a line without sources', 'hosts:\nipnodes: dns\n', 'hosts: dns\nipnodes: dns\n'],
] as const) {
  test(what, () => {
    assert.is(after(before), wanted);
    assert.equal(planNameService(after(before)), []);
  });
}

test('plans nothing where both have it, in whatever order', () => {
  assert.equal(planNameService('hosts: dns files\nipnodes: files mdns dns\n'), []);
});

test.run();
