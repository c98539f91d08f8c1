/** What went wrong, for code and tests to match. The text of an error is for people and may change. */
export type ErrorCode =
  // arguments and names
  | 'USAGE'
  | 'ADDRESS_INVALID'
  | 'PREFIX_INVALID'
  | 'NAME_INVALID'
  | 'VALUE_INVALID'
  // the store and what it allocates
  | 'NOT_FOUND'
  | 'EXISTS'
  | 'IN_USE'
  | 'PREFIX_OVERLAPS'
  | 'ADDRESS_TAKEN'
  | 'ADDRESS_OUTSIDE'
  | 'NETWORK_FULL'
  | 'POOL_FULL'
  | 'NAMES_FULL'
  | 'NOT_OURS'
  | 'RECORD_INVALID'
  | 'LOCKED'
  // metadata and templates
  | 'INI_INVALID'
  | 'METADATA_MISSING'
  | 'METADATA_INVALID'
  | 'METADATA_FOREIGN'
  | 'METADATA_NEWER'
  | 'METADATA_OLDER'
  | 'TEMPLATE_INVALID'
  | 'FILE_REFUSED'
  // the system
  | 'COMMAND_FAILED'
  | 'COMMAND_TIMEOUT'
  | 'OUTPUT_UNEXPECTED'
  | 'ADDRESS_DUPLICATE'
  | 'LINK_MISSING'
  | 'NOT_CONVERGED'
  | 'NOT_APPLIED'
  | 'DRIFT'
  | 'PRIVILEGE'
  | 'WRITE_FAILED';

/**
 * A failure the operator can act on; anything else thrown is a bug of ours.
 *
 * `message` says what could not be done and why, `hint` how to put it right (several lines are allowed).
 * The cause is never copied into the message: `printError` prints the chain.
 */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}
