declare const brand: unique symbol;

/** A type that only the code that vouches for it can make from a plain one. */
export type Brand<T, Name extends string> = T & { readonly [brand]: Name };
