// Numbers that look random and that a seed fixes, so that what was found once is found again.

export type Dice = ReturnType<typeof dice>;

/** Park and Miller. */
export function dice(seed: number) {
  let state = (seed * 48_271 + 1) % 2_147_483_647;
  const roll = (sides: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % sides;
  };
  const one = <T>(...all: readonly T[]): T => all[roll(all.length)] as T;
  return { roll, one };
}
