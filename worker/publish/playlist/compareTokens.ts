/** Orders fencing tokens (decimal numbers as text): positive when `a` is newer than `b`. No token is older than any. */
export function compareTokens(a: string | undefined, b: string | undefined): number {
  const [left = '', right = ''] = [a, b];
  if (left.length !== right.length) return left.length - right.length;
  if (left === right) return 0;
  return left > right ? 1 : -1;
}
