/** SHA-256 of a text as UTF-8, in hexadecimal. node:crypto is loaded by that: it takes longer than all that is asked of it. */
export const digestOf = (text: string): string => process.getBuiltinModule('node:crypto').hash('sha256', text, 'hex');
