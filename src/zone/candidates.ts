import { OperatorError } from '../domain/errors.ts';
import type { RenderedFile } from '../domain/managed-file.ts';
import { formatCommand } from '../illumos/command.ts';
import { isLying } from '../illumos/ipf.ts';
import { isStale, type ObservedFile } from '../plan/files.ts';
import { CANDIDATES, STATE_DIRECTORY } from '../plan/zone-paths.ts';
import type { System } from '../system/system.ts';

/** Where the content of each managed file can be read now, by the path it will have: the file itself or its candidate. */
export type Readable = ReadonlyMap<string, string>;

/**
 * Writes the files that will change beside the zone's own and has each read by the program that will read it.
 * Nothing else is changed, so a refusal leaves the zone as it is. Candidates of an earlier run, refused or cut off, go.
 *
 * @throws {OperatorError} FILE_REFUSED
 */
export async function checkCandidates(
  files: readonly RenderedFile[],
  observed: ReadonlyMap<string, ObservedFile>,
  system: System,
): Promise<Readable> {
  const stale = files.filter((file) => isStale(file, observed.get(file.file.path)) && file.file.check.length > 0);
  const left = await system.list(CANDIDATES);
  for (const path of [...left.map((name) => `${CANDIDATES}/${name}`), ...(await system.cutOff(CANDIDATES))]) {
    await system.remove(path, 'scratch');
  }
  if (stale.length > 0) {
    await system.makeDirectory(STATE_DIRECTORY, 0o755);
    await system.makeDirectory(CANDIDATES, 0o700);
  } else await system.remove(CANDIDATES, 'scratch');
  const candidates = await Promise.all(
    stale.map(async (rendered) => {
      const candidate = `${CANDIDATES}/${rendered.file.name}`;
      await system.writeFile({ path: candidate, content: rendered.content, mode: 0o600, scratch: true });
      await checkCandidate(rendered, candidate, system);
      return [rendered.file.path, candidate] as const;
    }),
  );
  return new Map([...files.map(({ file }) => [file.path, file.path] as const), ...candidates]);
}

async function checkCandidate({ file, content }: RenderedFile, candidate: string, system: System): Promise<void> {
  const [program = '', ...args] = file.check.map((word) => word.replaceAll('{file}', candidate));
  const command = { program, args };
  const { status, stderr, timedOut } = await system.run(command);
  const said = stderr.trim();
  if (status === 0 && (said === '' || !isLying(program))) return;
  const number = /line (\d+)/.exec(said)?.[1] ?? /^(\d+):/.exec(said)?.[1];
  const line = number === undefined ? undefined : content.split('\n')[Number(number) - 1];
  const message = [
    `Cannot use the new ${file.path}, from template ${file.template}: ${formatCommand(command)} refuses it`,
    ...(timedOut
      ? ['it did not end in time']
      : said === ''
        ? [`exit status ${status ?? 'missing'}`]
        : said.split('\n')),
    ...(line === undefined ? [] : [`${number} | ${line}`]),
  ].join('\n  ');
  throw new OperatorError('FILE_REFUSED', message, {
    hint: 'Mend the template; without an override the shipped one is used',
  });
}

/** Takes the candidates away. */
export async function removeCandidates(readable: Readable, system: System): Promise<void> {
  for (const [path, candidate] of readable) if (candidate !== path) await system.remove(candidate, 'scratch');
  await system.remove(CANDIDATES, 'scratch');
}
