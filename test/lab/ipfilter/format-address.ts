// Addresses as text, the way inet_ntop(3) writes them, and back.
import { parseIpv6 } from './lexer.ts';
import { type Words, wordsOf } from './nat-rule.ts';

/** Dotted quad of a word. */
export function formatIpv4(word: number): string {
  return [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
}

/** Lower case, the longest run of two or more zero groups as "::", IPv4 ends as dotted quads. */
export function formatIpv6(words: Words): string {
  const groups = words.flatMap((word) => [word >>> 16, word & 0xffff]);
  let best = { at: -1, length: 1 };
  for (let at = 0; at < 8; at += 1) {
    let length = 0;
    while (groups[at + length] === 0) length += 1;
    if (length > best.length) best = { at, length };
  }
  const dotted = best.at === 0 && (best.length === 6 || (best.length === 5 && groups[5] === 0xffff));
  const texts = groups.map((group) => group.toString(16));
  const shown = dotted ? [...texts.slice(0, 6), formatIpv4(words[3])] : texts;
  if (best.at < 0) return shown.join(':');
  return `${shown.slice(0, best.at).join(':')}::${shown.slice(best.at + best.length).join(':')}`;
}

export function formatAddress(version: 4 | 6, words: Words): string {
  return version === 4 ? formatIpv4(words[0]) : formatIpv6(words);
}

/** Reads an address of either family that a program wrote. */
export function readAddress(text: string): Words {
  const bytes = parseIpv6(text);
  if (bytes !== undefined) return wordsOf(bytes);
  return [text.split('.').reduce((value, octet) => value * 256 + Number(octet), 0), 0, 0, 0];
}
