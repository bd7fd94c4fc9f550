/** The control plane: what admin hosts answer. */
import { Hono } from "hono";

/** Builds the control plane's app. */
export function controlPlane(): Hono {
  const app = new Hono();
  app.get("/health/live", (c) => c.json({ status: "live" }));
  app.get("/health", (c) => c.json({ status: "ready" }));
  app.notFound((c) =>
    c.json(
      {
        type: "https://fairlead.dev/problems/not-found",
        title: "Not found",
        status: 404,
        detail: `The control plane has no \`${c.req.path}\`.`,
      },
      404,
      { "Content-Type": "application/problem+json" },
    ),
  );
  return app;
}
