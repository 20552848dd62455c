// The HTTP transport over TLS, with valid and invalid certificates.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../../src/sender/transport/http.js';
import type { Transport } from '../../../src/sender/transport/transport.js';
import { createUrlGuard } from '../../../src/sender/transport/url-guard.js';
import { hasOpenssl } from '../../support/services.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

describe.skipIf(!hasOpenssl())('the HTTP transport, over TLS', () => {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder, name);
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
  const trusted = tls.getCACertificates('default');
  const servers: Server[] = [];
  let transport: Transport;

  /** Starts a server with a certificate for `good.example` and 127.0.0.1, signed by the test's authority. */
  async function serve(name: string, ...days: string[]): Promise<number> {
    openssl(
      'req',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      `${name}.key`,
      '-out',
      `${name}.csr`,
      '-subj',
      '/CN=good.example',
      '-addext',
      'subjectAltName=DNS:good.example,IP:127.0.0.1',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      `${name}.csr`,
      '-CA',
      'ca.pem',
      '-CAkey',
      'ca.key',
      '-CAcreateserial',
      '-out',
      `${name}.pem`,
      '-copy_extensions',
      'copy',
      ...days,
    );
    const server = createServer(
      { key: readFileSync(file(`${name}.key`)), cert: readFileSync(file(`${name}.pem`)) },
      (request, response) => {
        request.resume();
        response.end('ok');
      },
    );
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  let port: number;
  beforeAll(async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-subj',
      '/CN=authority of the test',
      '-days',
      '2',
    );
    port = await serve('good', '-days', '2');
    tls.setDefaultCACertificates([...trusted, readFileSync(file('ca.pem'), 'utf8')]);
    transport = createHttpTransport(createUrlGuard(true, () => [Promise.resolve(['127.0.0.1'])]));
  });
  afterAll(async () => {
    tls.setDefaultCACertificates(trusted);
    await transport.close();
    for (const server of servers) {
      server.closeAllConnections();
      server.close();
    }
  });

  const post = (url: string) =>
    transport.send({ url, headers: {}, body: new TextEncoder().encode('{}'), timeoutMs: 5_000 });

  it('accepts a certificate for the host name or the address, and times each phase', async () => {
    const result = await post(`https://good.example:${port}/`);
    expect(result).toMatchObject({ status: 200, responseBody: 'ok', address: `127.0.0.1:${port}` });
    const { dnsMs, connectMs, tlsMs, waitMs, bodyMs, totalMs } = result.timings;
    const phases = [dnsMs, connectMs, tlsMs, waitMs, bodyMs].map((ms) => ms ?? NaN);
    expect(phases.every((ms) => ms >= 0)).toBe(true);
    expect(phases.reduce((sum, ms) => sum + ms)).toBeLessThanOrEqual(totalMs + 1);
    expect((await post(`https://127.0.0.1:${port}/`)).status).toBe(200);
  });

  it('rejects a certificate for another name', async () => {
    const result = await post(`https://wrong.example:${port}/`);
    expect(result.status).toBeUndefined();
    expect(result.error).toMatch(/ERR_TLS_CERT_ALTNAME_INVALID/);
  });

  it('rejects an expired certificate', async () => {
    const expired = await serve('expired', '-days', '-1');
    expect((await post(`https://good.example:${expired}/`)).error).toMatch(/CERT_HAS_EXPIRED/);
  });

  it('rejects a certificate of an unknown authority', async () => {
    tls.setDefaultCACertificates(trusted);
    const other = createHttpTransport(createUrlGuard(true, () => [Promise.resolve(['127.0.0.1'])]));
    const { error } = await other.send({
      url: `https://good.example:${port}/`,
      headers: {},
      body: new Uint8Array(),
      timeoutMs: 5_000,
    });
    expect(error).toMatch(/UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED/);
    await other.close();
  });
});
