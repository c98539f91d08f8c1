// node:crypto is loaded when it is needed: that takes longer than all that is asked of it.

/** Node's own, of this very program. */
export const crypto = () => process.getBuiltinModule('node:crypto');

/** SHA-256 of a text as UTF-8, in hexadecimal. */
export const digestOf = (text: string): string => crypto().createHash('sha256').update(text).digest('hex');
