// The second story: what follows the zones. A page by its name, a zone gone under load, a forward, a closed port, a packet traced.
import { setTimeout } from 'node:timers/promises';
import type { Internet } from '../lab/outside/internet.ts';
import type { Stage } from './stage.ts';

const OUTSIDE = '203.0.113.5';
const NAME = 'www.example.org';

/** A proxy and two zones that serve the same page, published under one name. */
export async function publishesByName({ say, type, prove }: Stage, internet: Internet): Promise<void> {
  say('(g) two zones serve a page, published under one name');
  // As an ordinary user the lab has one account, so haproxy stays who it is.
  const account = process.getuid?.() === 0 ? '' : ' -V web_user=root';
  await type('znetadm create-network -a 10.2.0.0/24 shop');
  await type(`znetadm create-zone -R shop -x e1000g0=${OUTSIDE}/24 -r 203.0.113.1${account} front`);
  for (const zone of ['web1', 'web2']) {
    await type(`znetadm create-zone -N shop ${zone}`);
    await type(`zlogin ${zone} "mkdir /srv; echo page of ${zone} > /srv/index.html; busybox httpd -p 8080 -h /srv"`);
    await type(`znetadm publish ${zone}:8080 ${NAME}`);
  }
  await type('znetadm show-site');
  const seen = new Set<string>();
  for (let number = 0; number < 40 && seen.size < 2; number++) {
    const { stdout } = await internet.run([
      'curl',
      '-s',
      '--max-time',
      '5',
      '-H',
      `Host: ${NAME}`,
      `http://${OUTSIDE}/`,
    ]);
    if (stdout.startsWith('page of ')) seen.add(stdout.trim());
  }
  const pages = [...seen].sort().join(', ');
  prove(`the outside gets ${NAME} from two zones in turn`, pages, pages === 'page of web1, page of web2');
}

/** One of them is destroyed while clients ask without pause. */
export async function losesNoRequest({ say, type, prove, lab }: Stage): Promise<void> {
  say('(h) web2 is destroyed under load');
  const load = lab.spawn(
    ['wrk', '-t1', '-c4', '-d60s', '--timeout', '10s', '-H', `Host: ${NAME}`, `http://${OUTSIDE}/`],
    { netns: 'inet', cwd: '/' },
  );
  await setTimeout(500);
  await type('znetadm delete-zone web2');
  await setTimeout(500);
  await load.kill('SIGINT');
  const { stdout } = await load.ended;
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? '0');
  const failed = [/Socket errors: .*/, /Non-2xx or 3xx responses: .*/].flatMap((line) => line.exec(stdout)?.[0] ?? []);
  const seen = `${requests} requests, ${failed.length === 0 ? '0 failed' : failed.join(', ')}`;
  prove('a zone is destroyed under load, and no request fails', seen, requests > 100 && failed.length === 0);
}

/** A port led in, one closed to a neighbour, and both told beforehand by trace. */
export async function forwardsAndFilters({ say, type, prove }: Stage, internet: Internet): Promise<void> {
  say('(i) a port is led to web1; then closed to one address; trace tells what happens to a packet, and it does');
  const fetches = async () =>
    (await internet.run(['curl', '-s', '--max-time', '2', `http://${OUTSIDE}:8022/`])).stdout.trim();
  const tells = async () => (await type('znetadm trace tcp 203.0.113.1 203.0.113.5:8022')).stdout;
  await type('znetadm add-forward tcp/8022 web1:8080');
  const [before, reaches] = [await tells(), await fetches()];
  prove('a forward leads the outside to web1', reaches || 'nothing', reaches === 'page of web1');
  prove('trace told so', lastLine(before), before.includes('10.2.0.2') && lastLine(before) === 'it arrives: zone web1');
  await type('znetadm add-rule front block in tcp from 203.0.113.1 to zone:web1 port 8080 note not from there');
  const [after, blocked] = [await tells(), await fetches()];
  prove('a rule closes it to 203.0.113.1', blocked || 'no answer', blocked === '');
  const line = /ipf\.conf:\d+ +block in quick proto tcp from 203\.0\.113\.1\/32 .*/.exec(after)?.[0] ?? '';
  prove('trace told by which line', line || lastLine(after), line !== '' && !lastLine(after).startsWith('it arrives'));
}

const lastLine = (text: string) => text.trimEnd().split('\n').at(-1)?.trim() ?? '';

/** What the second story leaves, it takes away. */
export async function takesDown({ type }: Stage): Promise<void> {
  for (const command of ['delete-zone web1', 'delete-zone front', 'delete-network shop'])
    await type(`znetadm ${command}`);
}
