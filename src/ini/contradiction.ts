/** Something that is well written and cannot be: where, by section, key and value as they stand in the file. */
export interface Contradiction {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly message: string;
  readonly hint?: string;
}
