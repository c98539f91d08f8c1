import { type RenderedFile, reloadOf } from '../domain/managed-file.ts';
import { ZONENET_WEB } from '../illumos/smf.ts';
import { refreshService } from '../illumos/svcadm.ts';
import { askWhetherTaken } from '../plan/own-services.ts';
import { run } from '../plan/step.ts';
import { execute } from '../system/execute.ts';
import type { System } from '../system/system.ts';
import { readLastGood } from './last-good.ts';

/**
 * After a failure on a proxy: where a web server has not taken its new file, the last good one comes back, so that it would
 * start with that too.
 */
export async function putBackRefused(zone: string, system: System): Promise<void> {
  const fmris: readonly string[] = Object.values(ZONENET_WEB);
  const files = (await readLastGood(zone, system))?.files ?? [];
  for (const { file, content } of files) {
    const service = reloadOf(file)?.service;
    if (service === undefined || !fmris.includes(service)) continue;
    const { status } = await system.run(askWhetherTaken(service));
    if (status === 0 || (await isAlready(file, content, system))) continue;
    const reason = `${service} has not taken the new file`;
    await execute(
      [
        { kind: 'write', reason, file: { path: file.path, content, mode: file.mode }, replaces: true },
        run(reason, refreshService(service)),
      ],
      system,
    );
    system.log(`${file.path} is the one of before again`);
  }
}

const isAlready = async ({ path }: RenderedFile['file'], content: string, system: System) =>
  (await system.readFile(path)) === content;
