import { dirname } from 'node:path';
import { OperatorError } from '../domain/errors.ts';
import type { ZoneName } from '../domain/names.ts';
import type { TemplateLayer } from '../domain/template-layer.ts';
import { SITE_TEMPLATES, templateBase, zoneTemplates } from '../plan/host-paths.ts';
import type { HostPlan } from '../plan/host-step.ts';
import { SHIPPED_TEMPLATES } from '../render/render.ts';
import type { System } from '../system/system.ts';
import { carryOut, type Host, locked } from './host.ts';
import { findZone, readRecords } from './store.ts';
import { shippedName } from './zone-templates.ts';

/** An override that is begun. */
export interface CopiedTemplate {
  readonly path: string;
  readonly plan: HostPlan;
}

/**
 * Plans an override that begins as the shipped template, for one zone or for all. Changes nothing.
 *
 * @throws {OperatorError} NOT_FOUND, EXISTS
 */
export async function planCopyTemplate(
  text: string,
  zone: ZoneName | undefined,
  { system }: Host,
): Promise<CopiedTemplate> {
  const name = shippedName(text);
  if (zone !== undefined) findZone(zone, await readRecords(system));
  const path = `${zone === undefined ? SITE_TEMPLATES : zoneTemplates(zone)}/${name}`;
  if ((await system.kindOf(path)) !== undefined) {
    throw new OperatorError('EXISTS', `Cannot copy ${name}: ${path} is there already`, {
      hint: 'Edit it, or move it away first',
    });
  }
  const content = await shippedText(name, system);
  const reason = 'an override begins as the shipped template';
  const base = templateBase(path);
  return {
    path,
    plan: [
      {
        sign: '+',
        about: 'metadata',
        what: path,
        note: '',
        steps: [
          ...[base, path].map((one) => ({ kind: 'directory', reason, path: dirname(one), mode: 0o755 }) as const),
          // First: without it nobody could tell later what it began from.
          { kind: 'write', reason, file: { path: base, content, mode: 0o644 }, replaces: false },
          { kind: 'write', reason, file: { path, content, mode: 0o644 }, replaces: false },
        ],
      },
    ],
  };
}

/** @throws {OperatorError} as `planCopyTemplate`, WRITE_FAILED */
export async function copyTemplate(text: string, zone: ZoneName | undefined, host: Host): Promise<CopiedTemplate> {
  return await locked(host, 'host', async () => {
    const copied = await planCopyTemplate(text, zone, host);
    await carryOut(copied.plan, host);
    return copied;
  });
}

/** An override that began from a shipped template which is another now. */
export interface OutgrownTemplate {
  readonly name: string;
  readonly path: string;
  /** The shipped text it began from, its own, and the shipped one of today. */
  readonly texts: { readonly base: string; readonly own: string; readonly shipped: string };
}

/** The overrides of these layers that an upgrade has left behind. One that was not copied by us has no beginning that is known. */
export async function outgrownTemplates(layers: readonly TemplateLayer[], system: System): Promise<OutgrownTemplate[]> {
  const found = await Promise.all(
    layers.flatMap(({ templates }) =>
      templates.map(async ({ name, path, text: own }): Promise<OutgrownTemplate[]> => {
        const base = await system.readFile(templateBase(path));
        if (base === undefined) return [];
        const shipped = await system.readFile(`${SHIPPED_TEMPLATES}/${name}`);
        if (shipped === undefined || shipped === base) return [];
        return [{ name, path, texts: { base, own, shipped } }];
      }),
    ),
  );
  return found.flat();
}

/** @throws {OperatorError} NOT_FOUND when the software is not whole */
async function shippedText(name: string, system: System): Promise<string> {
  const path = `${SHIPPED_TEMPLATES}/${name}`;
  const text = await system.readFile(path);
  if (text !== undefined) return text;
  throw new OperatorError('NOT_FOUND', `Cannot find ${path}: the software is not whole`, {
    hint: 'Install zonenet again',
  });
}
