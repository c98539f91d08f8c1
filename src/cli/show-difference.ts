import { createTwoFilesPatch } from 'diff';

/** Two texts as a unified difference; empty when they are the same. A text that is missing is an empty one. */
export function showDifference(
  before: { readonly name: string; readonly text: string | undefined },
  after: { readonly name: string; readonly text: string },
): string {
  if (before.text === after.text) return '';
  const patch = createTwoFilesPatch(before.name, after.name, before.text ?? '', after.text, '', '', { context: 3 });
  // Without the ruler that the library draws above.
  return `${patch.split('\n').slice(1).join('\n')}`;
}
