import { describe, expect, it } from "vitest";
import { registrationAllowed } from "../../src/config/registration-pattern.ts";

const allow = ["https://*.origins.example.com", "https://fixed.example.com:8443/app", "http://10.0.0.5"];

describe("a URL may register", () => {
  it.each([
    "https://a.origins.example.com",
    "https://a.b.origins.example.com/any/path",
    "https://A.Origins.Example.com:443/",
    "https://fixed.example.com:8443/app",
    "https://fixed.example.com:8443/app/v2",
    "http://10.0.0.5/",
    "http://0xa000005/", // The same address in another spelling.
  ])("%s", (url) => expect(registrationAllowed(allow, url)).toBe(true));
});

describe("a URL may not register", () => {
  it.each([
    "https://origins.example.com",
    "https://evilorigins.example.com",
    "https://a.origins.example.com.evil.example",
    "https://a.origins.example.com:444",
    "http://a.origins.example.com",
    "https://user@a.origins.example.com",
    "https://a.origins.example.com/?q",
    "https://a.origins.example.com/#f",
    "https://fixed.example.com:8443/application",
    "https://fixed.example.com:8443/app/../admin",
    "https://fixed.example.com:8443/app/%2e%2e/admin",
    "https://fixed.example.com/app",
    "http://10.0.0.6/",
    "http://127.0.0.1/",
    "http://[::1]/",
    "http://169.254.169.254/",
    "ftp://a.origins.example.com",
    "not a url",
    "",
  ])("%s", (url) => expect(registrationAllowed(allow, url)).toBe(false));

  it("where nothing is allowed", () => expect(registrationAllowed([], "https://a.origins.example.com")).toBe(false));
});
