//! Decimals as the exchange signs them.

/** Canonical decimal text: no trailing zeros. */
export function plain(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text
}
