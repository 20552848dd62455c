// Connections to hosts with several addresses, over real sockets.
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { Worker } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import { SenderError } from '../../../src/sender/errors.js';
import { createHttpTransport } from '../../../src/sender/transport/http.js';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';

const cleanUp: (() => unknown)[] = [];
afterEach(async () => {
  for (const each of cleanUp.splice(0).reverse()) await each();
});

const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
  list?.some(({ address }) => address === '::1'),
);
const isLinux = process.platform === 'linux';

async function listen(
  address: string,
  port = 0,
): Promise<{ port: number; server: Server; requests: () => number }> {
  let requests = 0;
  const answer: RequestListener = (request, response) => {
    requests += 1;
    request.resume().on('end', () => response.end('ok'));
  };
  const server = createServer(answer).listen(port, address);
  await once(server, 'listening');
  cleanUp.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, server, requests: () => requests };
}

/** Listens with a full backlog, so that it stays as silent as a host that is down until it is woken. */
async function listenSilently(address: string, port: number): Promise<{ wake: () => void }> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(
    `const { workerData, parentPort } = require('node:worker_threads');
     const server = require('node:http').createServer((request, response) => request.resume().on('end', () => response.end('late')));
     server.listen({ host: workerData.address, port: workerData.port, backlog: 1 }, () => {
       parentPort.postMessage('listening');
       setImmediate(() => Atomics.wait(workerData.gate, 0, 0));
     });`,
    { eval: true, workerData: { address, port, gate } },
  );
  await once(worker, 'message');
  const fillers: Socket[] = [];
  cleanUp.push(async () => {
    for (const socket of fillers) socket.destroy();
    await worker.terminate();
  });
  for (let isAccepted = true; isAccepted && fillers.length < 10;) {
    const filler = connect({ host: address, port }).on('error', () => undefined);
    fillers.push(filler);
    isAccepted = await new Promise<boolean>((resolve) => {
      filler.once('connect', () => resolve(true));
      setTimeout(() => resolve(false), 100);
    });
  }
  return {
    wake() {
      Atomics.store(gate, 0, 1);
      Atomics.notify(gate, 0);
    },
  };
}

async function post(port: number, timeoutMs: number, ...families: Promise<readonly string[]>[]) {
  const transport = createHttpTransport(createUrlGuard(true, () => families));
  cleanUp.push(() => transport.close());
  return transport.send({
    url: `http://hook.test:${port}/`,
    headers: {},
    body: new Uint8Array(2),
    timeoutMs,
  });
}
const answer = (...addresses: string[]) => Promise.resolve(addresses);

describe('a host with several addresses', () => {
  it.skipIf(!hasIpv6)('is reached over IPv4 if nothing listens on its IPv6 address', async () => {
    const { port } = await listen('127.0.0.1');
    expect(await post(port, 3_000, answer('::1', '127.0.0.1'))).toMatchObject({
      status: 200,
      address: `127.0.0.1:${port}`,
    });
  });

  it.skipIf(!hasIpv6)('is reached over IPv6 if nothing listens on its IPv4 address', async () => {
    const { port } = await listen('::1');
    expect(await post(port, 3_000, answer('127.0.0.1', '::1'))).toMatchObject({
      status: 200,
      address: `[::1]:${port}`,
    });
  });

  it.skipIf(!isLinux)('is reached at its second address if the first is silent', async () => {
    const { port } = await listen('127.0.0.1');
    await listenSilently('127.0.0.2', port);
    const result = await post(port, 3_000, answer('127.0.0.2', '127.0.0.1'));
    expect(result).toMatchObject({ status: 200, address: `127.0.0.1:${port}` });
    expect(result.timings.connectMs).toBeGreaterThanOrEqual(240);
    expect(result.timings.connectMs).toBeLessThan(1_000);
  });

  it.skipIf(!isLinux)(
    'is reached at an address that takes longer than 250 ms if the others refuse',
    async () => {
      const { port, server } = await listen('127.0.0.1');
      const { wake } = await listenSilently('127.0.0.2', port);
      server.close();
      setTimeout(wake, 400);
      const result = await post(port, 8_000, answer('127.0.0.2', '127.0.0.1', '127.0.0.3'));
      expect(result).toMatchObject({ status: 200, responseBody: 'late', address: `127.0.0.2:${port}` });
    },
  );

  it('gets one connection and one request', async () => {
    const first = await listen('127.0.0.1');
    const second = isLinux ? await listen('127.0.0.2', first.port) : undefined;
    let connections = 0;
    second?.server.on('connection', () => (connections += 1));
    expect(await post(first.port, 3_000, answer('127.0.0.1', '127.0.0.2'))).toMatchObject({ status: 200 });
    expect([first.requests(), connections]).toEqual([1, 0]);
  });

  it('fails with the errors of all addresses that refused', async () => {
    const { port, server } = await listen('127.0.0.1');
    server.close();
    const { error, status } = await post(port, 3_000, answer('127.0.0.1', '127.0.0.1'));
    expect(status).toBeUndefined();
    expect(error).toMatch(/^None of 2 addresses accepted a connection: connect ECONNREFUSED 127\.0\.0\.1/);
  });

  it('is tried at ten addresses at most', async () => {
    const { port, server } = await listen('127.0.0.1');
    server.close();
    const { error } = await post(port, 3_000, answer(...Array.from({ length: 1_000 }, () => '127.0.0.1')));
    expect(error).toMatch(/^None of 10 addresses/);
  });

  it('is reached at an address that was resolved late', async () => {
    const { port } = await listen('127.0.0.1');
    const late = new Promise<readonly string[]>((resolve) => setTimeout(() => resolve(['127.0.0.1']), 400));
    expect(await post(port, 3_000, late, answer('127.0.0.3'))).toMatchObject({
      status: 200,
      address: `127.0.0.1:${port}`,
    });
  });

  it('is not connected to if its late address is not public', async () => {
    const { port, requests } = await listen('127.0.0.1');
    const late = Promise.reject(new SenderError('invalid_url', 'not public'));
    late.catch(() => undefined);
    const guard = {
      checkUrl: (url: string) => new URL(url),
      resolve: () => Promise.resolve({ addresses: ['127.0.0.3'], late }),
    };
    const transport = createHttpTransport(guard);
    const request = {
      url: `http://hook.test:${port}/`,
      headers: {},
      body: new Uint8Array(2),
      timeoutMs: 3_000,
    };
    expect((await transport.send(request)).error).toBe('not public');
    expect(requests()).toBe(0);
  });
});
