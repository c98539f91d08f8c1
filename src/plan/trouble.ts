/** Something of the metadata that cannot be, while all else is: what, and what to do about it. */
export interface Trouble {
  readonly message: string;
  readonly hint: string;
}
