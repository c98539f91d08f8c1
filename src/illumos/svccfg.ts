import type { Command } from './command.ts';

const SVCCFG = '/usr/sbin/svccfg';

/** A property with its SMF type. */
export interface Property {
  readonly name: string;
  readonly type: 'astring' | 'boolean' | 'count';
  readonly value: string;
}

/** svccfg joins its arguments and parses them again, so the quotes are part of the argument (§6.6). */
export function setProperty(fmri: string, { name, type, value }: Property): Command {
  return { program: SVCCFG, args: ['-s', fmri, 'setprop', name, '=', `${type}:`, quote(value)] };
}

/** Runs the statements of a file on an instance: one process for many properties, and no limit of 2047 characters. */
export function runStatements(fmri: string, file: string): Command {
  return { program: SVCCFG, args: ['-s', fmri, '-f', file] };
}

export function formatSetProperties(properties: readonly Property[]): string {
  return properties.map(({ name, type, value }) => `setprop ${name} = ${type}: ${quote(value)}\n`).join('');
}

function quote(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}
