/** The least a correct proxy must do: hop-by-hop and forwarded fields, a deadline, a re-wrapped answer, no platform cache. */
const HOP_BY_HOP = [
  "Connection",
  "Keep-Alive",
  "Proxy-Authenticate",
  "Proxy-Authorization",
  "Proxy-Connection",
  "TE",
  "Trailer",
  "Transfer-Encoding",
  "Upgrade",
];

const DEADLINE_MS = 10_000;

export default {
  async fetch(request: Request): Promise<Response> {
    const { url } = request;
    const pathAt = url.indexOf("/", "https://".length);
    const host = request.headers.get("Host") ?? "";
    const headers = new Headers(request.headers);
    removeHopByHop(headers);
    const client = request.headers.get("CF-Connecting-IP") ?? "unknown";
    headers.set("Forwarded", `for=${client};host="${host}";proto=http`);
    headers.set("X-Forwarded-For", client);
    headers.set("X-Forwarded-Host", host);
    headers.set("X-Forwarded-Proto", "http");
    headers.append("Via", "1.1 least-proxy");
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), DEADLINE_MS);
    try {
      const answer = await fetch(`http://origin.test${url.slice(pathAt)}`, {
        method: request.method,
        headers,
        body: request.body,
        redirect: "manual",
        cache: "no-store",
        signal: controller.signal,
      });
      const response = new Response(answer.body, answer);
      removeHopByHop(response.headers);
      response.headers.append("Via", "1.1 least-proxy");
      return response;
    } catch {
      return new Response("Bad gateway", { status: 502 });
    } finally {
      clearTimeout(timer);
    }
  },
};

function removeHopByHop(headers: Headers): void {
  const nominated = headers.get("Connection");
  for (const name of HOP_BY_HOP) headers.delete(name);
  for (const option of nominated?.split(",") ?? []) if (/^[\w-]+$/.test(option.trim())) headers.delete(option.trim());
}
