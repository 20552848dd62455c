// The receiver of the sender's benchmarks: reads the body, responds with 200, and counts the requests.
import { createServer } from 'node:http';

let count = 0;
const server = createServer((request, response) => {
  if (request.url === '/dead') return; // Never responds.
  if (request.url === '/count') {
    response.end(String(count));
    return;
  }
  request.resume();
  request.on('end', () => {
    count += 1;
    response.end('ok');
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send(server.address().port));
process.on('disconnect', () => process.exit());
