// The reverse proxy in the lab, with the real nginx and haproxy: sites that follow their zones, under load, with TLS and without.
// SITES=100 lets a hundred zones come and go under load (1 in every run).
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { type Internet, startInternet } from '../lab/outside/internet.ts';
import { type StoryLab, startStoryLab } from '../support/lab-zone.ts';

const test = suite<{ story: StoryLab; internet: Internet }>('sites');

const OUTSIDE = '203.0.113.5';
const COMING = Number(process.env['SITES'] ?? '1');
const user = process.getuid?.() === 0 ? [] : ['-V web_user=root'];

/** Starts a server in a zone that answers with a word. */
async function serve({ mustRun }: StoryLab, zone: string, word: string, port = 8080): Promise<void> {
  await mustRun(
    `mkdir -p /srv/${port}; echo ${word} >/srv/${port}/index.html; echo well >/srv/${port}/health; busybox httpd -p ${port} -h /srv/${port}`,
    { zone },
  );
}

/** What a client outside is answered: a body and 200, or another status and where it is led. */
async function ask({ lab }: StoryLab, url: string, ...options: string[]): Promise<string> {
  const name = new URL(url).hostname;
  const { stdout } = await lab.run(
    [
      'curl',
      '-sk',
      '--max-time',
      '5',
      '--connect-to',
      `${name}::${OUTSIDE}:`,
      '-w',
      '\n%{http_code} %{redirect_url}',
      ...options,
      url,
    ],
    { netns: 'inet', cwd: '/' },
  );
  const [, body = '', answer = ''] = /^((?:.|\n)*)\n(\d{3} .*)$/.exec(stdout) ?? [];
  return (answer.startsWith('200') ? `${body.trim()} 200` : answer).trim();
}

/** The answers to so many questions, each once, sorted. */
async function answers(story: StoryLab, url: string, count = 12): Promise<string[]> {
  const all = new Set<string>();
  for (let number = 0; number < count; number++) all.add(await ask(story, url));
  return [...all].sort();
}

async function eventually(story: StoryLab, url: string, wanted: readonly string[]): Promise<void> {
  const end = performance.now() + 60_000;
  let last: string[] = [];
  while (performance.now() < end) {
    last = await answers(story, url);
    if (last.join() === wanted.join()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal(last, wanted);
}

/** Asks all the time while something is done. Gives what wrk counted. */
async function underLoad(story: StoryLab, site: string, headers: readonly string[], act: () => Promise<void>) {
  const { hostname, port } = new URL(site);
  const words = [`Host: ${hostname}`, ...headers].flatMap((header) => ['-H', header]);
  const load = story.lab.spawn(
    [
      'nice',
      '-n',
      '19',
      'wrk',
      '-t1',
      '-c4',
      `-d${250 * COMING}s`,
      '--timeout',
      '10s',
      ...words,
      `http://${OUTSIDE}:${port === '' ? 80 : port}/`,
    ],
    {
      netns: 'inet',
      cwd: '/',
    },
  );
  await new Promise((resolve) => setTimeout(resolve, 500));
  await act();
  await new Promise((resolve) => setTimeout(resolve, 500));
  await load.kill('SIGINT');
  const { stdout } = await load.ended;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? '0');
  return {
    requests,
    errors: /Socket errors: .*/.exec(stdout)?.[0] ?? '',
    bad: /Non-2xx or 3xx responses: .*/.exec(stdout)?.[0] ?? '',
  };
}

test.before(async (context) => {
  const story = await startStoryLab();
  await story.znetadm(`create-zone -R back -x e1000g0=${OUTSIDE}/24 -r 203.0.113.1 ${user.join(' ')} proxy`);
  for (const zone of ['web1', 'web2', 'web3']) await story.znetadm(`create-zone -N back ${zone}`);
  await serve(story, 'web1', 'one');
  await serve(story, 'web2', 'two');
  await serve(story, 'web3', 'three');
  context.story = story;
  context.internet = await startInternet(story.lab);
});

test.after(async ({ story }) => {
  await story.stop();
});

test('a site is served by its name from two zones, and by no other name', async ({ story }) => {
  assert.is(
    await story.znetadm('publish web1:8080 www.example.org'),
    'site http://www.example.org/: zone web1, port 8080 (proxy, haproxy)\n',
  );
  await story.znetadm('publish web2:8080 www.example.org');
  await story.znetadm('publish --path /api web3:8080 www.example.org');
  await eventually(story, 'http://www.example.org/', ['one 200', 'two 200']);
  assert.match(await ask(story, 'http://www.example.org/apix'), /^404$/);
  assert.match(await ask(story, 'http://other.example.org/'), /^404$/);
  assert.is(
    await story.znetadm('show-site -p -o site,zone,state'),
    [
      'http\\://www.example.org/:web1:up',
      'http\\://www.example.org/:web2:up',
      'http\\://www.example.org/api:web3:up',
      '',
    ].join('\n'),
  );
  // Nothing else is open, and nobody outside reaches a zone by its own address.
  assert.is(await ask(story, 'http://www.example.org:8080/'), '000');
});

for (const [backend, port] of [
  ['haproxy', ''],
  ['nginx', ':8090'],
] as const)
  test(`what a zone is told of who asks, by ${backend}`, async ({ story }) => {
    const script =
      'while :; do printf \'HTTP/1.0 200 OK\\r\\n\\r\\n\' | cat - /dev/null >/dev/null; busybox nc -l -p 8090 -e /bin/sh -c \'sed "/^.$/q" >/tmp/asked; printf "HTTP/1.0 200 OK\\r\\n\\r\\nok\\n"\'; done';
    story.lab.spawn(['/bin/sh', '-c', script], { zone: 'web3' });
    await story.znetadm(`publish --backend ${backend} -p ${port === '' ? 80 : 8090} web3:8090 head.example.org`);
    const lies = ['X-Forwarded-For', 'X-Real-IP', 'Forwarded'].flatMap((name) => ['-H', `${name}: 198.51.100.7`]);
    assert.is(await ask(story, `http://head.example.org${port}/`, ...lies), 'ok 200');
    const asked = (await story.readFile('web3', '/tmp/asked')).toLowerCase();
    for (const line of [
      `host: head.example.org${port}`,
      'x-forwarded-for: 203.0.113.1',
      'x-real-ip: 203.0.113.1',
      'x-forwarded-proto: http',
      `x-forwarded-host: head.example.org${port}`,
      `x-forwarded-port: ${port === '' ? 80 : 8090}`,
    ]) {
      assert.ok(asked.includes(`${line}\r\n`), asked);
    }
    // What a client says of itself.
    assert.not.match(asked, /198\.51\.100\.7/);
    await story.lab.run(['/bin/sh', '-c', 'pkill -f "nc -l -p 8090"; rm /tmp/asked'], { zone: 'web3' });
    await story.znetadm('unpublish web3 head.example.org');
  });

/** Answers an upgrade (the sample of RFC 6455, section 1.3), and then with whatever comes, in capitals. */
const UPGRADES = `require('node:net').createServer((s) => { let head = ''; s.on('data', (d) => {
  if (head === null) return s.write(String(d).toUpperCase());
  head += d;
  if (!head.includes('\\r\\n\\r\\n')) return;
  const asked = /^upgrade: websocket/im.test(head) && /^connection: upgrade/im.test(head);
  head = null;
  s.write(asked ? 'HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n\\r\\n' : 'HTTP/1.1 400 No\\r\\nContent-Length: 0\\r\\n\\r\\n');
}); s.on('error', () => {}); }).listen(8091, () => console.log('ready'))`;

/** Asks for an upgrade, says hello when it has it, and prints all that it is told. */
const ASKS = (port: number) => `const s = require('node:net').connect(${port}, '${OUTSIDE}'); let seen = '';
s.write('GET /chat HTTP/1.1\\r\\nHost: chat.example.org\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n');
s.on('data', (d) => { seen += d; if (seen.includes('\\r\\n\\r\\n') && !seen.includes('HELLO')) s.write('hello'); if (seen.includes('HELLO')) { console.log(seen.split('\\r\\n')[0] + ' HELLO'); s.destroy(); } });
s.on('close', () => process.exit()); setTimeout(() => { console.log(seen); process.exit(1); }, 5000)`;

for (const [backend, port] of [
  ['haproxy', 80],
  ['nginx', 8083],
] as const) {
  test(`a websocket goes through ${backend}, both ways`, async ({ story }) => {
    if (backend === 'haproxy') {
      await story.lab.spawn(['/opt/ooce/bin/node', '-e', UPGRADES], { zone: 'web3' }).said('ready');
    }
    await story.znetadm(`publish --backend ${backend} -p ${port} web3:8091 chat.example.org`);
    const { stdout } = await story.lab.run([process.execPath, '-e', ASKS(port)], { netns: 'inet', cwd: '/' });
    assert.is(stdout.trim(), 'HTTP/1.1 101 Switching Protocols HELLO');
    await story.znetadm(`unpublish -p ${port} web3 chat.example.org`);
  });
}

test('a zone that is deleted under load loses no request, and its site goes with it', async ({ story }) => {
  const { requests, errors, bad } = await underLoad(story, 'http://www.example.org/', [], async () => {
    await story.znetadm('delete-zone web2');
  });
  assert.ok(requests > 500, `${requests}`);
  assert.is(errors + bad, '', `${requests} requests`);
  assert.equal(await answers(story, 'http://www.example.org/'), ['one 200']);
  assert.not.match(await story.readFile('proxy', '/etc/zonenet-web/haproxy.cfg'), /10\.2\.0\.3/);
});

for (const [backend, site, headers] of [
  ['haproxy', 'http://www.example.org/', []],
  // nginx 1.22 closes what is kept open and idle when it reads its file again; clients have to ask anew.
  ['nginx', 'http://www.example.org:8082/', ['Connection: close']],
] as const) {
  test(`zones come and go under load at ${backend}, and no request is lost`, async ({ story }) => {
    const { port } = new URL(site);
    const how = `--backend ${backend} -p ${port === '' ? 80 : port}`;
    if (backend === 'nginx') await story.znetadm(`publish ${how} web1:8080 www.example.org`);
    await eventually(story, site, ['one 200']);
    const { requests, errors, bad } = await underLoad(story, site, headers, async () => {
      for (let number = 1; number <= COMING; number++) {
        const zone = `more${number}`;
        await story.znetadm(`create-zone -N back ${zone}`);
        await serve(story, zone, zone);
        await story.znetadm(`publish ${how} ${zone}:8080 www.example.org`);
        await story.znetadm(`delete-zone ${zone}`);
      }
    });
    process.stdout.write(`${COMING} zones came and went during ${requests} requests to ${backend}\n`);
    assert.ok(requests > 500, `${requests}`);
    assert.is(errors + bad, '', `${requests} requests`);
  });
}

test('watch takes a zone out that is halted, and in when it is up again', async ({ story }) => {
  await story.lab.writeFile('global', '/etc/zonenet/zonenet.ini', 'format = 1\nwatch-seconds = 1\n');
  await story.mustRun(['/usr/sbin/svccfg', 'import', '/opt/zonenet/smf-manifests/zonenet-host.xml']);
  await story.lab.reached('global', 'svc:/network/zonenet-host:default', 'online', 60_000);
  await story.znetadm('publish web3:8080 www.example.org');
  await eventually(story, 'http://www.example.org/', ['one 200', 'three 200']);
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'halt']);
  await eventually(story, 'http://www.example.org/', ['three 200']);
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web3', 'halt']);
  await eventually(story, 'http://www.example.org/', ['503']);
  const began = performance.now();
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web3', 'boot']);
  await story.until('svcs -z web3 -H -o state svc:/network/zonenet:default', 'online');
  await serve(story, 'web3', 'three');
  await eventually(story, 'http://www.example.org/', ['three 200']);
  process.stdout.write(`from boot to served: ${((performance.now() - began) / 1000).toFixed(1)} s, watch-seconds 1\n`);
  await story.mustRun(['/usr/sbin/zoneadm', '-z', 'web1', 'boot']);
  await story.until('svcs -z web1 -H -o state svc:/network/zonenet:default', 'online');
  await serve(story, 'web1', 'one');
  await eventually(story, 'http://www.example.org/', ['one 200', 'three 200']);
  await story.mustRun(['/usr/sbin/svcadm', 'disable', '-s', 'svc:/network/zonenet-host:default']);
});

/** Puts a certificate for a name into the proxy. */
async function certify({ mustRun }: StoryLab, name: string, host: string): Promise<void> {
  await mustRun(
    `mkdir -p /etc/zonenet/certificates; cd /etc/zonenet/certificates; umask 077; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=${host} -addext subjectAltName=DNS:${host} -keyout k -out c 2>/dev/null && cat k c >${name}.pem && rm k c`,
    { zone: 'proxy' },
  );
}

for (const [backend, port, http] of [
  ['haproxy', 443, 80],
  ['nginx', 8443, 8080],
] as const) {
  test(`TLS by ${backend}: ended in the proxy, http is led there, and a site without its certificate is left out`, async ({
    story,
  }) => {
    const at = `:${port}`.replace(':443', '');
    await certify(story, `good-${backend}`, `${backend}.example.org`);
    const how = backend === 'haproxy' ? '' : '--no-redirect';
    await story.znetadm(
      `publish --backend ${backend} -p ${port} ${how} --cert good-${backend} web1:8080 ${backend}.example.org`,
    );
    await eventually(story, `https://${backend}.example.org${at}/`, ['one 200']);
    if (backend === 'haproxy')
      assert.match(
        await ask(story, `http://${backend}.example.org/x?y=1`),
        /^301 https:\/\/haproxy\.example\.org\/x\?y=1$/,
      );
    const { status, stderr } = await story.run(
      `/opt/zonenet/bin/znetadm publish --backend ${backend} -p ${port} ${how} --cert lost web3:8080 lost.example.org`,
    );
    assert.is(status, 1);
    assert.match(stderr, /lost\.example\.org.* is not served: \/etc\/zonenet\/certificates\/lost\.pem is missing/);
    await eventually(story, `https://${backend}.example.org${at}/`, ['one 200']);
    await certify(story, 'lost', 'lost.example.org');
    await story.refresh('proxy');
    await eventually(story, `https://lost.example.org${at}/`, ['three 200']);
    await story.znetadm('unpublish web3 lost.example.org');
    await story.mustRun('rm /etc/zonenet/certificates/lost.pem', { zone: 'proxy' });
    await story.znetadm(`publish --backend ${backend} -p ${http} --path /api web3:8080 ${backend}.example.org`);
    await eventually(story, `https://${backend}.example.org${at}/`, ['one 200']);
  });
}

test('haproxy: balanced, asked whether they are well, and TLS passed through by its name', async ({ story }) => {
  await story.znetadm('publish --backend haproxy -p 8081 --check /health web1:8080 well.example.org');
  await story.znetadm('publish --backend haproxy -p 8081 --check /health web3:8080 well.example.org');
  await eventually(story, 'http://well.example.org:8081/', ['one 200', 'three 200']);
  await story.mustRun('rm /srv/8080/health', { zone: 'web1' });
  await eventually(story, 'http://well.example.org:8081/', ['three 200']);
  await story.mustRun('echo well >/srv/8080/health', { zone: 'web1' });
  await eventually(story, 'http://well.example.org:8081/', ['one 200', 'three 200']);
  await story.mustRun(
    'cd /tmp; openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=zone-itself -keyout key.pem -out cert.pem 2>/dev/null; (openssl s_server -accept 9443 -key key.pem -cert cert.pem -WWW -quiet </dev/null >/dev/null 2>&1 &)',
    { zone: 'web3' },
  );
  await story.znetadm('publish --pass-through -p 9443 web3:9443 pass.example.org');
  const hello = async (name: string) =>
    (
      await story.lab.run(
        `echo | openssl s_client -connect ${OUTSIDE}:9443 -servername ${name} 2>/dev/null | grep subject`,
        { netns: 'inet', cwd: '/' },
      )
    ).stdout;
  for (let tries = 0; tries < 50 && (await hello('pass.example.org')) === ''; tries++)
    await new Promise((r) => setTimeout(r, 100));
  assert.match(await hello('pass.example.org'), /CN = zone-itself/);
  assert.is(await hello('other.example.org'), '');
});

test('what cannot be beside what there is, is refused by name, and nothing changes', async ({ story }) => {
  const before = await story.znetadm('export');
  for (const [words, status, said] of [
    ['publish web1:8080 www.example.org', 1, 'http://www.example.org/ is there'],
    ['publish --cert x web1:8080 www2.example.org -p 80', 5, 'port 80 is of sites of another kind'],
    ['publish --backend nginx web1:8080 new.example.org', 5, 'port 80 is of haproxy'],
    [
      'publish --pass-through --backend nginx -p 444 web1 new.example.org',
      2,
      'nginx is not always built to pass TLS through',
    ],
    ['publish --check /x -p 81 --backend nginx web1 new.example.org', 2, 'nginx asks nobody by itself'],
    ['publish nobody www.example.org', 4, 'no record of it'],
    ['publish proxy www.example.org', 4, 'it is behind no proxy'],
    ['publish -p 10080 web1 new.example.org', 5, 'given out by NAT'],
    ["publish web1 'x;y.example.org'", 2, 'as a domain name'],
    ['publish web1 new.example.org --path "/a b"', 2, 'as a path of a site'],
    ['publish web1 new.example.org --path "/a\\$b"', 2, 'as a path of a site'],
    ['publish web1 münchen.example', 2, 'as a domain name'],
    ['add-forward tcp/80 web3', 5, 'serves http://www.example.org/ there'],
    ['unpublish web1 nothing.example.org', 4, 'it has no such site'],
  ] as const) {
    const result = await story.run(`/opt/zonenet/bin/znetadm ${words}`);
    assert.is(result.status, status, `${words}: ${result.stderr}`);
    assert.ok(result.stderr.includes(said), `${words}: ${result.stderr}`);
  }
  assert.is(await story.znetadm('export'), before);
  await story.znetadm('add-forward tcp/8022 web3:22');
  const taken = await story.run('/opt/zonenet/bin/znetadm publish -p 8022 web1 new.example.org');
  assert.is(taken.status, 5);
  assert.match(taken.stderr, /tcp 203\.0\.113\.5 port 8022 leads to zone "web3"/);
});

test('a program that cannot start, since somebody has its port, is told at once', async ({ story }) => {
  await story.znetadm('unpublish web1');
  await story.znetadm('unpublish web3');
  await story.mustRun('busybox httpd -p 80 -h /tmp', { zone: 'proxy' });
  const { status, stderr } = await story.run('/opt/zonenet/bin/znetadm publish web1:8080 www.example.org');
  assert.is(status, 1);
  assert.match(stderr, /its sites are not served: svc:\/network\/zonenet-web:haproxy is in maintenance/);
  await story.mustRun('pkill -f "[h]ttpd -p 80 "; svcadm clear zonenet-web:haproxy', { zone: 'proxy' });
  await eventually(story, 'http://www.example.org/', ['one 200']);
  await story.znetadm('repair');
  await story.znetadm('publish web3:8080 www.example.org');
  await story.znetadm('publish --backend nginx -p 8082 web1:8080 www.example.org');
});

test('a file that its program does not take is put back, and told; repair tries again', async ({ story }) => {
  const conf = () => story.readFile('proxy', '/etc/zonenet-web/haproxy.cfg');
  const before = await conf();
  // Its master does not answer to signals any more.
  await story.mustRun('pkill -STOP -o haproxy', { zone: 'proxy' });
  const { status, stderr } = await story.run('/opt/zonenet/bin/znetadm publish --path /late web1:8080 www.example.org');
  assert.is(status, 1);
  assert.match(stderr, /zonenet-web took haproxy \(a file that its program does not take is put back\)/);
  assert.is(await conf(), before);
  await story.mustRun('pkill -CONT haproxy', { zone: 'proxy' });
  await story.znetadm('repair');
  assert.match(await conf(), ' path_beg /late/ ');
  await story.znetadm('unpublish --path /late web1 www.example.org');
});

test('a file that its program refuses stays out, the old one serves on, and the zone says why', async ({ story }) => {
  await story.mustRun(
    'mkdir -p /etc/zonenet/templates/partials; echo "no_such_word on;" >/etc/zonenet/templates/partials/nginx-local.hbs',
    { zone: 'proxy' },
  );
  const log = await story.logOf('proxy', () => story.refresh('proxy'));
  assert.match(
    log,
    /Cannot use the new \/etc\/zonenet-web\/nginx\.conf.* refuses it\n.*unknown directive "no_such_word"/,
  );
  assert.equal(await answers(story, 'http://www.example.org/'), ['one 200', 'three 200']);
  await story.mustRun('rm /etc/zonenet/templates/partials/nginx-local.hbs', { zone: 'proxy' });
  assert.match(await story.logOf('proxy', () => story.refresh('proxy')), /nothing to change|verified/);
});

test('with the last site the programs stop, and the outside finds closed ports', async ({ story }) => {
  for (const zone of ['web1', 'web3']) await story.znetadm(`unpublish ${zone}`);
  assert.is(await story.znetadm('show-site -p -o site'), '');
  assert.is(
    await story.mustRun('svcs -H -o state zonenet-web:nginx zonenet-web:haproxy', { zone: 'proxy' }),
    'disabled\ndisabled\n',
  );
  assert.is(await ask(story, 'http://www.example.org/'), '000');
  assert.is((await story.run('/opt/zonenet/bin/znetadm check')).status, 0);
});

test.run();
