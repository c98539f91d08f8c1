import runtime, { type Helper, type HelperOptions } from 'handlebars/runtime.js';
import { HelperError } from './helpers.ts';
import { LIMITS } from './limits.ts';

/**
 * "each" for one rendering: over lists alone, and not without end. Six of them in one another, over twelve items, would
 * make three million rounds.
 */
export function guardedEach(): Helper {
  let [rounds, characters] = [0, 0];
  return function each(this: unknown, list, ...rest) {
    const options = (rest.at(-1) ?? list) as HelperOptions;
    if (!Array.isArray(list)) throw new HelperError('"each" goes over a list, and is given none', options);
    const { fn } = options;
    const counted = (context: unknown, more?: object) => {
      rounds += 1;
      if (rounds > LIMITS.rounds) throw new HelperError(`this goes round more than ${LIMITS.rounds} times`, options);
      const text = fn?.(context, more) ?? '';
      characters += text.length;
      if (characters > LIMITS.output * 4)
        throw new HelperError(`this makes a file of more than ${LIMITS.output} characters`, options);
      return text;
    };
    return runtime.helpers.each.call(this, list, { ...options, fn: counted });
  };
}
