import { expect, it } from "vitest";
import { bench } from "./support.ts";

const { call } = await bench({
  services: {
    books: {
      hosts: ["xn--bcher-kva.example"],
      pools: { p: { region: "weur", origins: [{ id: "o", url: "https://origin.example.com" }] } },
    },
  },
});

it.each(["cache/purge", "cache/warm"])("%s takes a URL with an international name as people write it", async (path) => {
  const of = (url: string) => call("purge", "POST", `/api/v1/${path}`, { body: { urls: [url] } });
  expect((await of("https://bücher.example/neu")).status).toBe(200);
  expect((await of("https://xn--bcher-kva.example/neu")).status).toBe(200);
  const refused = await of("https://küchen.example/neu");
  expect(refused.status).toBe(400);
  expect(await refused.json()).toMatchObject({
    errors: [
      {
        pointer: "#/urls/0",
        detail: 'Expected `urls.0` to be a URL that a service answers, got "https://küchen.example/neu"',
      },
    ],
  });
});
