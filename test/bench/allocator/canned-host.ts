// A host whose programs only keep lists: what they cost is what starting a program costs, so that what znetadm itself
// costs is left over. No stand-in: it refuses nothing and knows nothing of illumos. Runs in mount namespaces of its own.
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

/** Where the lists are: links as show-link prints them, zones as zoneadm does, configurations, and a log of calls. */
const CANNED = '/var/canned';
const LOG = `${CANNED}/log`;
const KEPT = ['links', 'zones'];

/** Who writes a list has it alone. */
const ALONE = `exec 9>${CANNED}/lock; flock 9`;

const DLADM = `case "$1" in
show-link) cat ${CANNED}/links ;;
show-linkprop) exit 0 ;;
create-etherstub) ${ALONE}; echo "$2:etherstub:9000:" >>${CANNED}/links ;;
create-vnic) ${ALONE}; echo "$4:vnic:1500:$3" >>${CANNED}/links ;;
set-linkprop) exit 0 ;;
delete-vnic | delete-etherstub) ${ALONE}; grep -v "^$2:" ${CANNED}/links >${CANNED}/links.new; mv ${CANNED}/links.new ${CANNED}/links ;;
*) exit 99 ;;
esac`;

const ZONECFG = `case "$3" in
-f) ${ALONE}; cp "$4" "${CANNED}/config/$2"; : >"/etc/zones/$2.xml"; echo "-:$2:configured:/zones/$2::ipkg:excl" >>${CANNED}/zones ;;
export) cat "${CANNED}/config/$2" ;;
delete) ${ALONE}; rm "${CANNED}/config/$2" "/etc/zones/$2.xml"; grep -v "^-:$2:" ${CANNED}/zones >${CANNED}/zones.new; mv ${CANNED}/zones.new ${CANNED}/zones ;;
*) exit 99 ;;
esac`;

const PROGRAMS: Readonly<Record<string, string>> = {
  dladm: DLADM,
  zonecfg: ZONECFG,
  zoneadm: `[ "$1" = list ] || exit 99\ncat ${CANNED}/zones`,
  ipadm: 'exit 0',
  netstat: 'exit 0',
  route: `echo "not in table"; exit 3`,
  svcadm: 'exit 0',
};

/** Writes the programs and empty lists. */
export function canHost(): void {
  for (const directory of [`${CANNED}/config`, '/etc/zones', '/etc/zonenet']) mkdirSync(directory, { recursive: true });
  writeFileSync(`${CANNED}/links`, 'e1000g0:phys:1500:\n');
  writeFileSync(`${CANNED}/zones`, '0:global:running:/::ipkg:shared\n');
  for (const [name, script] of Object.entries(PROGRAMS)) {
    const note = `[ -f ${LOG} ] && echo "$0 $*" >>${LOG}`;
    writeFileSync(`/usr/sbin/${name}`, `#!/bin/sh\n${note}\n${script}\n`, { mode: 0o755 });
  }
}

/** Does something, and puts the lists back as they were. */
export async function puttingBack(work: () => Promise<void>): Promise<void> {
  for (const list of KEPT) copyFileSync(`${CANNED}/${list}`, `${CANNED}/${list}.kept`);
  await work();
  for (const list of KEPT) copyFileSync(`${CANNED}/${list}.kept`, `${CANNED}/${list}`);
}

/** The command lines of the programs that were called while something was done. */
export async function callsOf(work: () => Promise<void>): Promise<string[]> {
  writeFileSync(LOG, '');
  await work();
  const calls = readFileSync(LOG, 'utf8').trimEnd().split('\n').filter(Boolean);
  rmSync(LOG);
  return calls;
}

/** The names in a list: its column of that number. */
export function listedNames(list: 'links' | 'zones', column: number): string[] {
  const rows = readFileSync(`${CANNED}/${list}`, 'utf8').trimEnd().split('\n');
  return rows.map((row) => row.split(':')[column] ?? '');
}

/** Takes away all there is of a zone, behind znetadm's back: what it would do itself takes too long for a thousand. */
export function forgetZone(name: string): void {
  const record = `/etc/zonenet/zones/${name}.ini`;
  const links = [...readFileSync(record, 'utf8').matchAll(/^\[nic\.(.*)\]$/gm)].flatMap(([, link]) => link ?? []);
  for (const path of [record, `${CANNED}/config/${name}`, `/etc/zones/${name}.xml`]) rmSync(path, { force: true });
  rmSync(`/var/zonenet/zones/${name}`, { recursive: true, force: true });
  forgetLines('links', (row) => links.includes(row[0] ?? ''));
  forgetLines('zones', (row) => row[1] === name);
}

function forgetLines(list: 'links' | 'zones', isGone: (row: readonly string[]) => boolean): void {
  const rows = readFileSync(`${CANNED}/${list}`, 'utf8').split('\n');
  writeFileSync(`${CANNED}/${list}`, rows.filter((row) => !isGone(row.split(':'))).join('\n'));
}
