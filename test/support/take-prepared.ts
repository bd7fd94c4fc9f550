/** Has a test file take wrangler.toml as it was read for all files. */
import { inject } from "vitest";
import { takeWranglerToml } from "../../demo/wrangler-toml.ts";

takeWranglerToml(inject("wranglerToml"));
