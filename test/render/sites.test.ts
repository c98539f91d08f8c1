// nginx.conf and haproxy.cfg, whatever is published, read by the programs themselves.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import type { ZoneSites } from '../../src/domain/metadata.ts';
import { parseZoneName } from '../../src/domain/names.ts';
import { type Backend, parseServedSite } from '../../src/domain/site.ts';
import type { Vars } from '../../src/domain/vars.ts';
import { viewOf } from '../../src/render/views.ts';
import { proxyMetadata } from '../support/metadata.ts';
import { missingPrograms } from '../support/programs.ts';
import { renderedFilter, rendererOf } from '../support/rendered.ts';

const test = suite('rendered sites');

const directory = mkdtempSync(join(tmpdir(), 'zonenet-sites-'));
test.after(() => rmSync(directory, { recursive: true, force: true }));

const sitesOf = (lines: Readonly<Record<string, readonly string[]>>): ZoneSites[] =>
  Object.entries(lines).map(([zone, sites]) => ({ zone: parseZoneName(zone), sites: sites.map(parseServedSite) }));

const render = await rendererOf();
const FILES = { nginx: 'nginx.conf.hbs', haproxy: 'haproxy.cfg.hbs' } as const;

function rendered(backend: Backend, sites: readonly ZoneSites[], more: Vars = {}): string {
  const vars = { web_user: 'root', ...more };
  return render(FILES[backend], viewOf(FILES[backend], proxyMetadata({ sites }), vars));
}

/** A certificate with its key, made once. */
const CERTIFICATE = join(directory, 'cert.pem');

/**
 * What the program says of a file; empty: it takes it. It binds to the ports when it is asked, so that it has a network of its own,
 * where all are free and an ordinary user may take them; files are here.
 */
function complaintOf(backend: Backend, text: string): string {
  const file = join(directory, FILES[backend]);
  const moved = text
    .replaceAll('/var/run/', `${directory}/`)
    .replaceAll('/var/log/', `${directory}/`)
    .replaceAll(/\/etc\/zonenet\/certificates\/[\w.-]+\.pem/g, CERTIFICATE);
  writeFileSync(file, moved);
  const args = backend === 'nginx' ? ['-t', '-q', '-c', file] : ['-c', '-q', '-f', file];
  const argv = ['--user', '--map-root-user', '--net', `/usr/sbin/${backend}`, ...args];
  const { status, stdout, stderr } = spawnSync('/usr/bin/unshare', argv, { encoding: 'utf8' });
  return status === 0 ? '' : `${status}\n${stdout}${stderr}\n${moved}`;
}

const missing = missingPrograms(['nginx', 'haproxy', 'openssl', 'unshare']);

const withPrograms = (name: string, body: () => void | Promise<void>) => {
  if (missing.length === 0) test(name, body);
  else process.stdout.write(`SKIPPED: ${name}, no ${missing.join(', ')}\n`);
};

test.before(() => {
  if (missing.length > 0) return;
  const [key, cert] = [join(directory, 'k'), join(directory, 'c')];
  const made = spawnSync('/usr/bin/openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
    ...['-subj', '/CN=any', '-keyout', key, '-out', cert],
  ]);
  assert.is(made.status, 0);
  writeFileSync(CERTIFICATE, readFileSync(key, 'utf8') + readFileSync(cert, 'utf8'));
});

for (const backend of ['nginx', 'haproxy'] as const) {
  withPrograms(`${backend} takes its file with nothing published`, () => {
    assert.is(complaintOf(backend, rendered(backend, [])), '');
  });

  withPrograms(`${backend} takes a port that is there for redirects alone`, () => {
    const text = rendered(backend, sitesOf({ web1: [`10.2.0.2 up tls a.example.org 20002 / 8080 ${backend} cert=a`] }));
    assert.match(text, 'https://a.example.org:20002');
    assert.is(complaintOf(backend, text), '');
  });

  withPrograms(`${backend} takes whatever is published`, () => {
    const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
    const host = fc.array(label, { minLength: 1, maxLength: 4 }).map((labels) => labels.join('.'));
    const path = fc
      .array(
        fc.stringMatching(/^[A-Za-z0-9._~-]{1,12}$/).filter((part) => !/^\.\.?$/.test(part)),
        { maxLength: 3 },
      )
      .map((parts) => `/${parts.join('/')}`);
    const port = fc.integer({ min: 1, max: 65535 });
    const to = fc.constantFrom('10.2.0.2', '10.2.0.3', 'fd00:1::2');
    const up = fc.constantFrom('up', 'down');
    // A port is of one kind: 20001 of http, 20002 of TLS, 20003 of what is passed on.
    const http = fc
      .record({ to, up, host, path, port })
      .map((one) => `${one.to} ${one.up} http ${one.host} 20001 ${one.path} ${one.port} ${backend}`);
    const tls = fc
      .record({ to, up, host, path, port })
      .map((one) => `${one.to} ${one.up} tls ${one.host} 20002 ${one.path} ${one.port} ${backend} cert=x redirect=no`);
    const pass = fc
      .record({ to, up, host, port })
      .map((one) => `${one.to} ${one.up} pass ${one.host} 20003 / ${one.port} haproxy`);
    const kinds = backend === 'haproxy' ? fc.oneof(http, tls, pass) : fc.oneof(http, tls);
    fc.assert(
      fc.property(fc.array(kinds, { maxLength: 12 }), (lines) => {
        assert.is(complaintOf(backend, rendered(backend, sitesOf({ 'web.1': lines, '7': lines.slice(0, 3) }))), '');
      }),
      { numRuns: 25 },
    );
  });
}

test('zones of one site share a pool; those that are down are not in it, and a site of none answers for them', () => {
  const text = rendered(
    'nginx',
    sitesOf({
      web1: ['10.2.0.2 up http www.example.org 80 / 8080 nginx'],
      web2: ['10.2.0.3 up http www.example.org 80 / 8080 nginx', '10.2.0.3 up http www.example.org 80 /api 9090 nginx'],
      web3: [
        '10.2.0.4 down http www.example.org 80 / 8080 nginx',
        '10.2.0.4 down http old.example.org 80 / 8080 nginx',
      ],
    }),
  );
  const body = text.slice(text.indexOf('    # www.example.org:80/\n'), text.indexOf('    server {'));
  assert.is(
    body,
    `    # www.example.org:80/
    upstream http_80_1 {
        server 10.2.0.2:8080 max_fails=1 fail_timeout=2s;
        server 10.2.0.3:8080 max_fails=1 fail_timeout=2s;
        keepalive 32;
    }

    # www.example.org:80/api
    upstream http_80_2 {
        server 10.2.0.3:9090 max_fails=1 fail_timeout=2s;
        keepalive 32;
    }

`,
  );
  assert.match(
    text,
    `        location = /api { proxy_pass http://http_80_2; }
        location /api/ { proxy_pass http://http_80_2; }
        location / { proxy_pass http://http_80_1; }
`,
  );
  assert.match(text, '        server_name old.example.org;\n        location / { return 503; }\n');
});

test('a name without "/" has nothing there, and http leads to TLS where http itself is not served', () => {
  const lines = (kind: string) =>
    rendered(
      kind as Backend,
      sitesOf({
        web1: [
          `10.2.0.2 up tls a.example.org 443 /x 8080 ${kind} cert=a`,
          `10.2.0.2 up tls b.example.org 8443 / 8080 ${kind} cert=b`,
        ],
        web2: [`10.2.0.3 up http b.example.org 80 / 8080 ${kind}`],
      }),
    );
  assert.match(lines('nginx'), '        location / { return 404; }\n');
  assert.match(lines('nginx'), 'server_name a.example.org;\n        return 301 https://a.example.org$request_uri;\n');
  assert.not.match(lines('nginx'), 'https://b.example.org');
  assert.match(
    lines('haproxy'),
    'http-request redirect prefix https://a.example.org code 301 if { var(txn.host) -m str a.example.org }\n',
  );
  assert.not.match(lines('haproxy'), 'prefix https://b.example.org');
});

test('the filter lets the outside ask for what is served, at the proxy’s own address, and no more', () => {
  const metadata = proxyMetadata({
    sites: sitesOf({ web1: ['10.2.0.2 up tls a.example.org 443 / 8080 haproxy cert=a'] }),
  });
  const added = renderedFilter(metadata, 'ipv4')
    .split('\n')
    .filter((line) => !renderedFilter(proxyMetadata(), 'ipv4').includes(line));
  assert.equal(added, [
    'pass in quick on pnic0 proto tcp from any to 203.0.113.5/32 port = 80 flags S keep state',
    'pass in quick on pnic0 proto tcp from any to 203.0.113.5/32 port = 443 flags S keep state',
  ]);
});

for (const backend of ['nginx', 'haproxy'] as const) {
  withPrograms(`${backend} behind another proxy passes on what that says of the client`, () => {
    const sites = sitesOf({ web1: [`10.2.0.2 up http www.example.org 80 / 8080 ${backend}`] });
    const [alone, behind] = [rendered(backend, sites), rendered(backend, sites, { web_behind_proxy: 'yes' })];
    assert.match(alone, /X-Real-IP/);
    assert.not.match(behind, /X-Real-IP/);
    assert.match(behind, /\$proxy_add_x_forwarded_for|option forwardfor/);
    assert.is(complaintOf(backend, alone) + complaintOf(backend, behind), '');
  });
}

test.run();
