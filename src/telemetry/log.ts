/** Structured logs: one JSON object a line, for Workers Logs. No field ever carries a secret or a client's credentials. */

/** Logs something that should not have happened. */
export function logError(message: string, error: unknown): void {
  const reason =
    error instanceof Error ? { name: error.name, message: error.message, stack: error.stack } : String(error);
  console.error(JSON.stringify({ level: "error", message, error: reason }));
}
