/** The lines of a configuration file without comments and blank ones. Empty for a file that does not exist. */
export function entriesOf(text: string | undefined): string[] {
  return (text ?? '')
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '');
}
