/**
 * The number of a user or a group, from the text of passwd(5) or group(5): in both the name is the first field and the
 * number the third. A number stands for itself. Missing: there is none of that name.
 */
export function idOf(name: string, accounts: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const fields = accounts
    .split('\n')
    .map((line) => line.split(':'))
    .find(([first]) => first === name);
  return /^\d+$/.test(fields?.[2] ?? '') ? Number(fields?.[2]) : undefined;
}
