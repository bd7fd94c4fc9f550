/** How long the body of an origin's answer will be. */

/**
 * @returns bytes; null when the answer does not say. A transfer coding overrides `Content-Length` (RFC 9112 section 6.3): the
 *          runtime has undone the chunks and left both fields as they came.
 */
export function bodyLengthOf({ headers }: Response): number | null {
  const length = headers.get("Content-Length");
  return length !== null && /^\d+$/.test(length) && !headers.has("Transfer-Encoding") ? Number(length) : null;
}
