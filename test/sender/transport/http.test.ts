// The HTTP transport over real sockets, against well-behaved and hostile endpoints.
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../../src/sender/transport/http.js';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';
import type { Transport } from '../../../src/sender/transport/transport.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

async function listen(server: Server): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUp.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?a=1`;
}

const http = (listener: RequestListener) => listen(createHttpServer(listener));
const raw = (onSocket: (socket: Socket) => void) =>
  listen(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      onSocket(socket);
    }),
  );

function local(): Transport {
  const transport = createHttpTransport(createUrlGuard(true));
  cleanUp.push(() => transport.close());
  return transport;
}

const body = new TextEncoder().encode('{"id":"evt_1"}');
const post = (transport: Transport, url: string, timeoutMs = 5_000) =>
  transport.send({ url, headers: { 'x-test': '1' }, body, timeoutMs });

describe('the HTTP transport', () => {
  it('sends the request unchanged and returns status, headers, body, address and timings', async () => {
    let seen: unknown;
    const url = await http((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        seen = [request.method, request.url, request.headers['x-test'], Buffer.concat(chunks).toString()];
        response.writeHead(201, { 'x-answer': ['a', 'b'] }).end('thanks');
      });
    });
    const result = await post(local(), url);
    expect(seen).toEqual(['POST', '/hook?a=1', '1', '{"id":"evt_1"}']);
    expect(result).toMatchObject({ status: 201, responseBody: 'thanks', address: new URL(url).host });
    expect(result.responseHeaders).toMatchObject({ 'x-answer': 'a, b' });
    expect(result.error).toBeUndefined();
    expect(Object.keys(result.timings).sort()).toEqual(['bodyMs', 'connectMs', 'dnsMs', 'totalMs', 'waitMs']);
  });

  it('reuses a connection and reports its phases with the first attempt only', async () => {
    let connections = 0;
    const server = createHttpServer((request, response) => {
      request.resume().on('end', () => response.end());
    });
    server.on('connection', () => (connections += 1));
    const url = await listen(server);
    const transport = local();
    for (let each = 0; each < 5; each += 1) {
      const { status, timings, address } = await post(transport, url);
      expect([status, address, 'connectMs' in timings]).toEqual([200, new URL(url).host, each === 0]);
      // The connection is free in the next turn. The sender settles the attempt in between.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connections).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %s redirect', async (status) => {
    let requests = 0;
    const url = await http((request, response) => {
      requests += 1;
      request.resume();
      response.writeHead(status, { location: '/elsewhere' }).end();
    });
    expect(await post(local(), url)).toMatchObject({ status });
    expect(requests).toBe(1);
  });
});

describe('the HTTP transport, on interim responses', () => {
  const interim = {
    'an unrequested 100': 'HTTP/1.1 100 Continue\r\n\r\n',
    'a 102': 'HTTP/1.1 102 Processing\r\n\r\n',
    'a 103 with headers': 'HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\n\r\n',
    'sixty interim responses':
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(
        20,
      ),
  };

  it.each(Object.entries(interim))('accepts a response after %s', async (_, head) => {
    let requests = 0;
    const url = await raw((socket) =>
      socket.on('data', (chunk) => {
        if (!chunk.includes('POST')) return;
        requests += 1;
        socket.write(`${head}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone`);
      }),
    );
    const transport = local();
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const result = await post(transport, url);
      expect(result).toMatchObject({ status: 200, responseBody: 'done' });
      expect(result.error).toBeUndefined();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(requests).toBe(2);
  });

  it('accepts a response whose bytes arrive one by one', async () => {
    const bytes = Buffer.from(`${interim['an unrequested 100']}HTTP/1.1 204 No Content\r\n\r\n`);
    let written = 0;
    const url = await raw((socket) => {
      socket.setNoDelay(true);
      const writeNext = () => {
        const byte = bytes.subarray(written, ++written);
        if (byte.length > 0) socket.write(byte, () => setImmediate(writeNext));
      };
      socket.once('data', writeNext);
    });
    expect(await post(local(), url)).toMatchObject({ status: 204 });
  });

  it('does not treat a 103 as the response', async () => {
    const url = await raw((socket) => socket.once('data', () => socket.end(interim['a 103 with headers'])));
    const result = await post(local(), url);
    expect(result.status).toBeUndefined();
    expect(result.error).toBeTruthy();
  });

  it('fails the attempt on 101 Switching Protocols', async () => {
    const url = await raw((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n'),
      ),
    );
    const result = await post(local(), url, 300);
    expect(result.status).toBeUndefined();
    expect(result.error).toBeTruthy();
  });
});

describe('the HTTP transport, on bytes beside the body', () => {
  /** Starts an endpoint that writes without end, and counts the bytes. */
  async function flood(head: string, block: string) {
    const written = { bytes: 0 };
    const url = await raw((socket) =>
      socket.once('data', () => {
        socket.write(head);
        const more = () => {
          while (!socket.destroyed) {
            written.bytes += block.length;
            if (!socket.write(block)) return;
          }
        };
        socket.on('drain', more);
        more();
      }),
    );
    return { url, written };
  }

  const chunked = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  it.each([
    ['100 responses', '', 'HTTP/1.1 100 Continue\r\n\r\n', /64 KiB/],
    ['103 responses', '', 'HTTP/1.1 103 Early Hints\r\nlink: </a>; rel=preload\r\n\r\n', /64 KiB/],
    ['one-byte chunks', chunked, '000000000001\r\na\r\n', /64 KiB/],
    ['chunk extensions', chunked, `1;${'a'.repeat(1_000)}\r\na\r\n`, /64 KiB|CHUNK_EXTENSIONS/],
    ['data in one chunk extension', `${chunked}1;`, 'a'.repeat(10_000), /64 KiB|CHUNK_EXTENSIONS/],
    ['trailers', `${chunked}0\r\n`, `x-${'a'.repeat(100)}: b\r\n`, /64 KiB|HEADER_OVERFLOW/],
  ])('aborts an attempt on endless %s', async (_, head, block, error) => {
    const { url, written } = await flood(head, block.repeat(Math.ceil(1_000 / block.length)));
    const result = await post(local(), url);
    expect(result.error).toMatch(error);
    expect(result.timings.totalMs).toBeLessThan(4_000);
    // The limit, and the socket buffers of both sides.
    expect(written.bytes).toBeLessThan(16_000_000);
  });

  it('accepts a complete response with interim responses below the limit', async () => {
    const hints = 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(1_000);
    const url = await raw((socket) =>
      socket.once('data', () =>
        socket.write(`${hints}HTTP/1.1 200 OK\r\ncontent-length: 16000\r\n\r\n${'x'.repeat(16_000)}`),
      ),
    );
    const result = await post(local(), url);
    expect([result.status, result.responseBody?.length, result.error]).toEqual([200, 16_000, undefined]);
  });

  it('closes an idle connection that receives bytes, so that they are not part of the next response', async () => {
    let connections = 0;
    const closed: Promise<unknown>[] = [];
    const url = await raw((socket) => {
      connections += 1;
      closed.push(once(socket, 'close'));
      socket.once('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue');
        if (connections === 1) {
          setTimeout(() => socket.write('HTTP/1.1 500 No\r\ncontent-length: 5\r\n\r\nfalse'), 20);
        }
      });
    });
    const transport = local();
    expect(await post(transport, url)).toMatchObject({ status: 200, responseBody: 'true' });
    await closed[0];
    expect(await post(transport, url)).toMatchObject({ status: 200, responseBody: 'true' });
    expect(connections).toBe(2);
  });

  it('accepts a complete response that invalid bytes follow', async () => {
    const url = await raw((socket) =>
      socket.once('data', () =>
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ntrue\r\nrubbish\r\n\r\n'),
      ),
    );
    const result = await post(local(), url);
    expect(result).toMatchObject({ status: 200, responseBody: 'true' });
    expect(result.error).toBeUndefined();
  });

  it('reaches a healthy endpoint while 64 others send without end', async () => {
    const { url } = await flood('', 'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n'.repeat(100));
    const healthy = await http((request, response) => request.resume().on('end', () => response.end('ok')));
    const transport = local();
    const floods = Promise.all(Array.from({ length: 64 }, () => post(transport, url)));
    expect(await post(transport, healthy)).toMatchObject({ status: 200 });
    for (const { error } of await floods) expect(error).toMatch(/64 KiB/);
  });
});

/** The memory of this thread. `rss` includes other test files, which run in threads of the same process. */
function memoryOfThread(): number {
  const { heapTotal, external } = process.memoryUsage();
  return heapTotal + external;
}

describe('the HTTP transport, against a hostile endpoint', () => {
  const timeoutMs = 400;

  /** Posts to the endpoint. Expects the attempt to end within 250 ms of its deadline, in little memory. */
  async function attack(url: string) {
    const begun = performance.now();
    const before = memoryOfThread();
    const result = await post(local(), url, timeoutMs);
    expect(performance.now() - begun).toBeLessThan(timeoutMs + 250);
    expect(memoryOfThread() - before).toBeLessThan(50_000_000);
    return result;
  }

  it('times out if the endpoint never responds', async () => {
    const result = await attack(await raw(() => undefined));
    expect(result).toMatchObject({ error: 'no response within 400 ms' });
    expect(result.status).toBeUndefined();
  });

  it('times out on headers that arrive slowly', async () => {
    const url = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    expect((await attack(url)).error).toBeDefined();
  });

  it('aborts on endless headers', async () => {
    const url = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(`x-${'y'.repeat(1000)}: z\r\n`));
      };
      socket.on('drain', more);
      more();
    });
    expect((await attack(url)).error).toMatch(/HPE_HEADER_OVERFLOW/);
  });

  it('times out on a body that arrives slowly, and keeps the status', async () => {
    const url = await http((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
    });
    expect(await attack(url)).toMatchObject({
      status: 200,
      error: 'the response was not complete within 400 ms',
    });
  });

  it('reads 16 KiB of a response of a gigabyte', async () => {
    let written = 0;
    const url = await http((_, response) => {
      response.writeHead(200, { 'content-length': 1_000_000_000 });
      const more = () => {
        if (response.destroyed) return;
        written += 65_536;
        if (response.write(Buffer.alloc(65_536))) setImmediate(more);
        else response.once('drain', more);
      };
      more();
    });
    const result = await attack(url);
    expect(result).toMatchObject({ status: 200 });
    expect(result.responseBody).toHaveLength(16_384);
    expect(result.error).toBeUndefined();
    expect(written).toBeLessThan(30_000_000);
  });

  it('does not decompress a gzip bomb', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const url = await http((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await attack(url)).responseBody!.length).toBeLessThanOrEqual(16_384);
  });

  it('accepts a response that arrives before the request was read', async () => {
    const url = await raw((socket) => {
      socket.pause();
      socket.write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n');
    });
    const transport = local();
    const sent = transport.send({ url, headers: {}, body: new Uint8Array(20_000_000), timeoutMs });
    expect((await sent).timings.totalMs).toBeLessThan(timeoutMs + 250);
  });

  it('fails the attempt if the connection is reset, closed early or not HTTP', async () => {
    const endings: ((socket: Socket) => void)[] = [
      (socket) => socket.resetAndDestroy(),
      (socket) => socket.end(),
      (socket) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf'),
      (socket) => socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
    ];
    for (const end of endings) {
      const url = await raw((socket) => socket.once('data', () => end(socket)));
      expect((await attack(url)).error).toBeTruthy();
    }
  });

  it('fails the attempt if nothing listens, or without TLS', async () => {
    const url = await raw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await attack(url.replace('http:', 'https:'))).error).toBeTruthy();
    expect((await attack('http://127.0.0.1:1/')).error).toMatch(/ECONNREFUSED|connect/);
  });
});

describe('the HTTP transport with a guard', () => {
  it('opens no socket to a name with an address that is not public, even beside public ones', async () => {
    let connections = 0;
    const server = createTcpServer(() => (connections += 1));
    const { port } = new URL(await listen(server));
    for (const addresses of [['127.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      const transport = createHttpTransport(createUrlGuard(false, () => [Promise.resolve(addresses)]));
      cleanUp.push(() => transport.close());
      const { error } = await post(transport, `https://inward.example:${port}/`, 1_000);
      expect(error).toMatch(/not public/);
    }
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:7f00:1]']) {
      const transport = createHttpTransport(createUrlGuard(false));
      cleanUp.push(() => transport.close());
      expect((await post(transport, `https://${host}:${port}/`, 1_000)).error).toMatch(/not public/);
    }
    expect(connections).toBe(0);
  });

  it('checks the address again when a name resolves differently (DNS rebinding)', async () => {
    let connections = 0;
    const server = createTcpServer(() => (connections += 1));
    const { port } = new URL(await listen(server));
    let asked = 0;
    const guard = createUrlGuard(false, () => [
      Promise.resolve(++asked === 1 ? ['93.184.215.14'] : ['127.0.0.1']),
    ]);
    expect(await guard.resolve('rebinding.example')).toEqual({ addresses: ['93.184.215.14'] });
    const transport = createHttpTransport(guard);
    cleanUp.push(() => transport.close());
    expect((await post(transport, `https://rebinding.example:${port}/`, 1_000)).error).toMatch(/not public/);
    expect([asked, connections]).toEqual([2, 0]);
  });

  it('returns the error of a name without an address', async () => {
    const transport = createHttpTransport(
      createUrlGuard(false, () => [
        Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' })),
      ]),
    );
    cleanUp.push(() => transport.close());
    expect((await post(transport, 'https://nowhere.example/', 1_000)).error).toBe('ENOTFOUND: not found');
  });
});
