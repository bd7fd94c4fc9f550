/** A call of another object that is not waited for any longer than it is worth. */

/** @throws Error when the promise takes longer; what it does then is nobody's concern */
export async function within<Value>(waitMs: number, promise: Promise<Value>): Promise<Value> {
  const { promise: timeUp, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`Expected an answer within ${waitMs} ms, got none`)), waitMs);
  try {
    return await Promise.race([promise, timeUp]);
  } finally {
    clearTimeout(timer);
  }
}
