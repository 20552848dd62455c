import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { secret, type EffectLog, type GalleryEvent } from './endpoint.ts';

type Headers = IncomingMessage['headers'];

/** A response other than 200, thrown by a step. The status 0 stands for none at all. */
export class Rejection extends Error {
  constructor(
    readonly status: number,
    readonly body = '',
  ) {
    super(String(status));
  }
}

export const hmacOf = (body: Buffer | string): string =>
  createHmac('sha256', secret).update(body).digest('hex');

/** The steps of an endpoint. A faulty endpoint has one step of its own. */
export interface Steps {
  checkMethod: (method: string | undefined) => void;
  readBody: (request: IncomingMessage) => Promise<Buffer>;
  checkSignature: (headers: Headers, body: Buffer) => void;
  checkTimestamp: (headers: Headers) => void;
  parse: (body: Buffer) => GalleryEvent;
  /** Handles an event once. */
  handle: (event: GalleryEvent, headers: Headers) => Promise<void>;
}

export const header = (headers: Headers, name: string): string | undefined =>
  headers[name] as string | undefined;

export async function readBody(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw new Rejection(413);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function checkSignature(headers: Headers, body: Buffer): void {
  const [, digits] = /^sha256=([0-9a-f]{64})$/.exec(header(headers, 'x-hostwares-signature') ?? '') ?? [];
  if (digits === undefined || !timingSafeEqual(Buffer.from(digits), Buffer.from(hmacOf(body)))) {
    throw new Rejection(401);
  }
}

function checkTimestamp(headers: Headers): void {
  const text = header(headers, 'x-hostwares-timestamp') ?? '';
  if (!/^\d{1,15}$/.test(text) || Math.abs(Date.now() / 1_000 - Number(text)) > 300) throw new Rejection(401);
}

export function parse(body: Buffer): GalleryEvent {
  let event: GalleryEvent | null;
  try {
    event = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(body)) as GalleryEvent | null;
  } catch {
    throw new Rejection(400);
  }
  if (typeof event?.id !== 'string' || typeof event.event !== 'string') throw new Rejection(400);
  if (Date.now() - Date.parse(event.timestamp) > 86_400_000) throw new Rejection(401);
  return event;
}

export function handleOnce(effects: Pick<EffectLog, 'act'>): Steps['handle'] {
  const states = new Map<string, 'busy' | 'done'>();
  return async (event) => {
    const state = states.get(event.id);
    if (state === 'done') return;
    if (state === 'busy') throw new Rejection(409);
    states.set(event.id, 'busy');
    try {
      await effects.act(event);
      states.set(event.id, 'done');
    } catch (error) {
      states.delete(event.id);
      throw error;
    }
  };
}

/** Creates an endpoint on node:http that does everything right, apart from the given steps. */
export function createCareful(effects: EffectLog, faults: Partial<Steps> = {}): RequestListener {
  const steps: Steps = {
    checkMethod: (method) => {
      if (method !== 'POST') throw new Rejection(405);
    },
    readBody: (request) => readBody(request, 1_000_000),
    checkSignature,
    checkTimestamp,
    parse,
    handle: handleOnce(effects),
    ...faults,
  };
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      steps.checkMethod(request.method);
      const body = await steps.readBody(request);
      steps.checkSignature(request.headers, body);
      steps.checkTimestamp(request.headers);
      await steps.handle(steps.parse(body), request.headers);
      response.end('{"received":true}');
    } catch (error) {
      const { status, body } = error instanceof Rejection ? error : new Rejection(500);
      if (status === 0) return;
      response.writeHead(status).end(body);
      request.resume();
    }
  };
  return (request, response) => {
    void respond(request, response);
  };
}
