// `npm run lab`: a shell in the global zone of a fresh lab, to play. `npm run lab doctor`: what this machine lacks.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { examine, formatFindings } from './doctor.ts';
import { type LabHandle, startLab } from './lab.ts';
import { startInternet } from './outside/internet.ts';

const WELCOME = `This is the global zone of a lab: a stand-in for illumos, with real packets, that ends with this shell.
Outside is 203.0.113.0/24 on e1000g0; http://203.0.113.1/ tells the address it saw. Try:

  znetadm create-network -a 10.2.0.0/24 back
  znetadm create-zone -R back -x e1000g0=203.0.113.5/24 -r 203.0.113.1 proxy
  znetadm create-zone -N back web1
  znetadm show-zone
  zlogin web1 curl -s http://203.0.113.1/
`;

const firstChild = (pid: number) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);

/** The first process inside the lab's outer namespaces, as this side sees it: launcher, namespaces' parent, init. */
const outerInit = (lab: LabHandle): number => firstChild(firstChild(lab.pid));

/** Runs an interactive shell with this terminal in the global zone; gives its exit status. */
async function enterGlobalZone(lab: LabHandle): Promise<number> {
  const global = (await lab.zones()).find(({ name }) => name === 'global');
  const namespaces = [
    '-t',
    `${outerInit(lab)}`,
    ...(lab.mode === 'plain' ? [] : ['-U', '--preserve-credentials']),
    '-m',
    '-n',
    '-p',
  ];
  const enter = [join(lab.directory, 'lab'), 'enter', `${global?.pid}`, '0', '0', '/root', '/bin/sh', '-i'];
  const env = {
    TERM: process.env['TERM'] ?? 'dumb',
    HOME: '/root',
    LOGNAME: 'root',
    PATH: '/usr/sbin:/usr/bin:/opt/zonenet/bin',
    PS1: 'global# ',
    TZ: 'UTC',
  };
  const shell = spawn('nsenter', [...namespaces, ...enter], { stdio: 'inherit', env });
  // Ctrl-C is for what runs in the shell.
  process.on('SIGINT', () => {});
  return await new Promise((resolve, reject) => {
    shell.on('error', reject);
    shell.on('exit', (status) => resolve(status ?? 1));
  });
}

async function play(): Promise<number> {
  const lab = await startLab();
  try {
    await startInternet(lab);
    process.stdout.write(WELCOME);
    const status = await enterGlobalZone(lab);
    for (const refusal of await lab.takeNotModelled()) process.stderr.write(`lab: not modelled: ${refusal}\n`);
    return status;
  } finally {
    await lab.stop();
  }
}

if (process.argv[2] === 'doctor') {
  const findings = examine();
  process.stdout.write(formatFindings(findings));
  process.exitCode = findings.some(({ essential, works }) => essential && !works) ? 1 : 0;
} else {
  play().then(
    (status) => {
      process.exitCode = status;
    },
    (error: unknown) => {
      process.stderr.write(`lab: ${error instanceof Error ? error.stack : error}\n`);
      process.exitCode = 1;
    },
  );
}
