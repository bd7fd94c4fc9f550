// The origin of the hot-path figures: a kibibyte, at once or after a delay. Started as a process of its own with a port and ms.
import { createServer } from "node:http";

const body = Buffer.alloc(1024, "x");
const head = { "Content-Type": "text/plain", "Content-Length": body.byteLength, "Cache-Control": "no-store" };
const [port, delayMs] = process.argv.slice(2).map(Number);

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.resume();
  // So that a check can see what each proxy sent.
  if (request.url === "/echo") return void response.end(JSON.stringify(request.headers));
  const answer = () => void response.writeHead(200, head).end(body);
  if (delayMs) setTimeout(answer, delayMs);
  else answer();
}).listen(port, "127.0.0.1");
