// The transport against endpoints over real sockets, good ones and hostile ones.
import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../src/sender/transport.js';
import { createUrlGuard, isPublicAddress } from '../../src/sender/url-guard.js';
import type { Transport } from '../../src/sender/transport-contract.js';

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

function local(timeoutMs = 5_000): Transport {
  const transport = createHttpTransport(createUrlGuard(true), timeoutMs);
  cleanUp.push(() => transport.close());
  return transport;
}

const body = new TextEncoder().encode('{"id":"evt_1"}');
const post = (transport: Transport, url: string, timeoutMs = 5_000) =>
  transport.send({ url, headers: { 'x-test': '1' }, body, timeoutMs });

describe('an endpoint that answers', () => {
  it('gets the request as it is, and the log has what came of it', async () => {
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

  it('is asked over the same connection again, whose phases are told once', async () => {
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
      // As the sender does, which writes the end down first: in the same turn the connection is not free yet.
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(connections).toBe(1);
  });

  it.each([301, 302, 303, 307, 308])('is not followed elsewhere: %s', async (status) => {
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

describe('an endpoint that means harm', () => {
  const timeoutMs = 400;

  /** The deadline holds to within 250 ms, whatever happens. */
  async function attack(url: string) {
    const begun = performance.now();
    const before = process.memoryUsage().rss;
    const result = await post(local(timeoutMs), url, timeoutMs);
    expect(performance.now() - begun).toBeLessThan(timeoutMs + 250);
    expect(process.memoryUsage().rss - before).toBeLessThan(50_000_000);
    return result;
  }

  it('never answers', async () => {
    const result = await attack(await raw(() => undefined));
    expect(result).toMatchObject({ error: 'no answer within 400 ms' });
    expect(result.status).toBeUndefined();
  });

  it('drips headers', async () => {
    const url = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const timer = setInterval(() => socket.write('x: y\r\n'), 5);
      socket.on('close', () => clearInterval(timer));
    });
    expect((await attack(url)).error).toBeDefined();
  });

  it('has no end of headers', async () => {
    const url = await raw((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = () => {
        while (!socket.destroyed && socket.write(`x-${'y'.repeat(1000)}: z\r\n`));
      };
      socket.on('drain', more);
      more();
    });
    expect((await attack(url)).error).toMatch(/UND_ERR_HEADERS_OVERFLOW|Headers Overflow/i);
  });

  it('drips the body', async () => {
    const url = await http((_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('x'), 5);
      response.on('close', () => clearInterval(timer));
    });
    expect(await attack(url)).toMatchObject({
      status: 200,
      error: 'the answer was not complete within 400 ms',
    });
  });

  it('sends a gigabyte', async () => {
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

  it('sends a gzip bomb, which is not unpacked', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const url = await http((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    expect((await attack(url)).responseBody!.length).toBeLessThanOrEqual(16_384);
  });

  it('resets, closes halfway, or speaks something else', async () => {
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

  it('is not there, or has no TLS', async () => {
    const url = await raw((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect((await attack(url.replace('http:', 'https:'))).error).toBeTruthy();
    expect((await attack('http://127.0.0.1:1/')).error).toMatch(/ECONNREFUSED|connect/);
  });
});

describe('the guard', () => {
  const forbidden = `0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1
    172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
    224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
    :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1
    64:ff9b::808:808 64:ff9b:1::1 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:db8::1
    2002:7f00:1::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1`
    .trim()
    .split(/\s+/);
  const allowed = ['8.8.8.8', '93.184.215.14', '172.32.0.1', '192.0.1.1', '2606:4700::1111', '2a00:1450::1'];

  it.each(forbidden)('%s is not public', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(allowed)('%s is', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it('opens no socket to a name that leads inward, not even among public ones', async () => {
    let connections = 0;
    const server = createTcpServer(() => (connections += 1));
    const { port } = new URL(await listen(server));
    for (const addresses of [['127.0.0.1'], ['93.184.215.14', '127.0.0.1'], ['::ffff:127.0.0.1']]) {
      const transport = createHttpTransport(
        createUrlGuard(false, async () => addresses),
        1_000,
      );
      cleanUp.push(() => transport.close());
      const { error } = await post(transport, `https://inward.example:${port}/`, 1_000);
      expect(error).toMatch(/not public/);
    }
    for (const host of ['127.0.0.1', '2130706433', '0x7f.1', '0177.0.0.1', '[::1]', '[::ffff:7f00:1]']) {
      const transport = createHttpTransport(createUrlGuard(false), 1_000);
      cleanUp.push(() => transport.close());
      expect((await post(transport, `https://${host}:${port}/`, 1_000)).error).toMatch(/not public/);
    }
    expect(connections).toBe(0);
  });

  it('connects to what was checked: a name that is bound anew in between is checked anew', async () => {
    let connections = 0;
    const server = createTcpServer(() => (connections += 1));
    const { port } = new URL(await listen(server));
    let asked = 0;
    const guard = createUrlGuard(false, async () => (++asked === 1 ? ['93.184.215.14'] : ['127.0.0.1']));
    expect(await guard.resolve('rebinding.example')).toEqual(['93.184.215.14']);
    const transport = createHttpTransport(guard, 1_000);
    cleanUp.push(() => transport.close());
    expect((await post(transport, `https://rebinding.example:${port}/`, 1_000)).error).toMatch(/not public/);
    expect([asked, connections]).toEqual([2, 0]);
  });

  it.each(['localhost', 'localhost.', 'api.localhost'])('never takes %s for a public host', (host) => {
    expect(() => createUrlGuard(false, async () => ['93.184.215.14']).checkUrl(`https://${host}/`)).toThrow(
      /not public/,
    );
  });

  it('says that a name has no address', async () => {
    const transport = createHttpTransport(
      createUrlGuard(false, async () =>
        Promise.reject(Object.assign(new Error('not found'), { code: 'ENOTFOUND' })),
      ),
      1_000,
    );
    cleanUp.push(() => transport.close());
    expect((await post(transport, 'https://nowhere.example/', 1_000)).error).toBe('ENOTFOUND: not found');
  });
});
