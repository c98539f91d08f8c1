// Sets up what a command of README needs, on a machine that has nothing but Debian and Node.
// Plain Node without packages: it runs before `npm ci`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** Debian packages by the command that needs them: the program that proves the package is there, and its name. */
const DEMO = [
  ['ip', 'iproute2'],
  ['nft', 'nftables'],
  ['unshare', 'util-linux'],
  ['ping', 'iputils-ping'],
  ['curl', 'curl'],
  ['busybox', 'busybox'],
  ['haproxy', 'haproxy'],
  ['wrk', 'wrk'],
];
const TEST = [
  ...DEMO,
  ['xmllint', 'libxml2-utils'],
  ['dnsmasq', 'dnsmasq-base'],
  ['nginx', 'nginx-light'],
  ['openssl', 'openssl'],
  // /sbin/sh of illumos.
  ['ksh93', 'ksh93u+m'],
];
/** What the bench is set beside, where it can be had. */
const PEERS = [['/usr/lib/cni/host-local', 'containernetworking-plugins']];
/** Others that are unpacked beside the packages of npm and not installed: their services would configure this machine. */
const UNPACKED = ['netplan.io', 'libnetplan0', 'cloud-init'].concat(
  'attr certifi chardet charset-normalizer configobj idna jinja2 json-pointer jsonpatch jsonschema markupsafe netifaces oauthlib pyrsistent requests serial six urllib3 yaml'
    .split(' ')
    .map((name) => `python3-${name}`),
);
const NEEDS = { demo: DEMO, test: TEST, bench: TEST };

const which = (program) =>
  (program.startsWith('/') && existsSync(program)) ||
  ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((dir) =>
    existsSync(join(dir, program)),
  );

function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: ['ignore', 2, 2], ...options });
  return error === undefined && status === 0;
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}

function setUpDebian(needs) {
  const missing = needs.filter(([program]) => !which(program)).map(([, name]) => name);
  if (missing.length === 0) return true;
  const packages = [...new Set(missing)];
  if (process.getuid?.() !== 0 || !which('apt-get')) {
    fail(
      `zonenet: this machine lacks Debian packages. As root, run:\n  apt-get update && apt-get install -y --no-install-recommends ${packages.join(' ')}`,
    );
    return false;
  }
  console.error(`zonenet: installing ${packages.join(' ')}`);
  // Packages that start a server on installation must not: nothing outside the lab is ours to run.
  const policy = '/usr/sbin/policy-rc.d';
  const ours = !existsSync(policy);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  const install = ['install', '-y', '-qq', '--no-install-recommends', ...packages];
  if (ours) writeFileSync(policy, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    if (run('apt-get', install, { env })) return true;
    if (run('apt-get', ['update', '-qq'], { env }) && run('apt-get', install, { env })) return true;
  } finally {
    if (ours) spawnSync('rm', ['-f', policy]);
  }
  fail(`zonenet: apt-get could not install ${packages.join(' ')}; see above`);
  return false;
}

/** `npm ci` only when the lock file is not the one that was installed. */
function setUpNpm() {
  const stamp = join(root, 'node_modules/.zonenet-lock');
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return true;
  console.error('zonenet: npm ci');
  if (!run('npm', ['ci', '--ignore-scripts', '--loglevel=error'])) {
    fail('zonenet: npm ci failed; see above');
    return false;
  }
  writeFileSync(stamp, lock);
  return true;
}

/** Without them the bench says that it skips them. */
function unpackPeers() {
  const to = join(root, 'node_modules/.zonenet-peers');
  if (existsSync(to)) return;
  const at = `${to}.new`;
  rmSync(at, { recursive: true, force: true });
  mkdirSync(join(at, 'packages'), { recursive: true });
  console.error('zonenet: downloading and unpacking netplan and cloud-init, for comparison');
  const got = run('apt-get', ['download', '-qq', ...UNPACKED], { cwd: join(at, 'packages') });
  const packages = readdirSync(join(at, 'packages')).map((name) => join(at, 'packages', name));
  if (got && packages.every((file) => run('dpkg', ['-x', file, at]))) renameSync(at, to);
}

const needs = NEEDS[process.argv[2]];
if (needs === undefined) fail(`usage: setup.mjs ${Object.keys(NEEDS).join('|')}`);
else if (setUpDebian(needs) && setUpNpm() && process.argv[2] === 'bench') {
  if (process.getuid?.() === 0 && !setUpDebian(PEERS)) process.exitCode = 0;
  unpackPeers();
}
