import { OperatorError } from '../domain/errors.ts';

/**
 * An error as the operator reads it: what, and under it how to put it right, then what caused it.
 *
 * Anything but an OperatorError is a bug of ours and says so, with its stack.
 */
export function formatError(error: unknown): string {
  if (!(error instanceof OperatorError)) {
    const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return `znetadm: this is a bug in znetadm, please report it\n${indent(stack)}\n`;
  }
  const { message, hint, cause } = error;
  const lines = [headline(message), ...(hint === undefined ? [] : [indent(hint)]), ...causes(cause)];
  return `${lines.join('\n')}\n`;
}

/** Faults of a file begin with its path and stand as they are. */
function headline(message: string): string {
  return message.startsWith('/') ? message : `znetadm: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
}

function causes(cause: unknown): string[] {
  if (cause === undefined) return [];
  const message = cause instanceof Error ? cause.message : String(cause);
  return [
    indent(message.startsWith('/') ? message : `because: ${message}`),
    ...causes(cause instanceof Error ? cause.cause : undefined),
  ];
}

function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => `  ${line}`)
    .join('\n');
}
