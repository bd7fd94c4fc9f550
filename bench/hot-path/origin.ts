// The origin of the hot-path figures: a kibibyte, at once. Started as a process of its own with a port.
import { createServer } from "node:http";

const body = Buffer.alloc(1024, "x");
const head = { "Content-Type": "text/plain", "Content-Length": body.byteLength, "Cache-Control": "no-store" };

createServer({ keepAliveTimeout: 600_000 }, (request, response) => {
  request.resume();
  // So that a check can see what each proxy sent.
  if (request.url === "/echo") response.end(JSON.stringify(request.headers));
  else response.writeHead(200, head).end(body);
}).listen(Number(process.argv[2]), "127.0.0.1");
