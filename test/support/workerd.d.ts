/** Types of `cloudflare:test`, for tests that run in workerd. */
/// <reference types="@cloudflare/vitest-plugin/types" />
