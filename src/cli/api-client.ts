import { isRecord } from './json.js';
import { collectBytes } from './input.js';
import { CliError, exitCodes } from './cli-error.js';
import { escapeControls, truncate } from './style.js';

/** A call of the platform's API, or of the emulator's own routes. */
export interface ApiCall {
  readonly url: string;
  readonly method?: 'GET' | 'POST' | undefined;
  readonly apiKey?: string | undefined;
  readonly body?: object | undefined;
  readonly signal: AbortSignal;
}

/** The server gave no response, or rejected the call. */
export class ApiError extends Error {
  constructor(
    message: string,
    /** The HTTP status; undefined if there was no response. */
    readonly status?: number,
    /** How long the server asked to wait, in milliseconds. */
    readonly retryAfterMs?: number,
  ) {
    super(message);
  }

  override get name(): 'ApiError' {
    return 'ApiError';
  }
}

/** A page of 100 deliveries takes 40 kB, and one delivery up to 1 MB. */
const maxResponseBytes = 8_388_608;
const timeoutMs = 15_000;

const connectionErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'the connection was closed',
  UND_ERR_SOCKET: 'the connection was closed',
  ENOTFOUND: 'the host name has no address',
};

function describeConnectionError(error: Error): string {
  if (error.name === 'TimeoutError') return `no response within ${timeoutMs / 1000} s`;
  const { code, message } = Object(error.cause ?? error) as { code?: unknown; message?: unknown };
  return connectionErrors[String(code)] ?? escapeControls(truncate(String(code ?? message), 200));
}

async function send({ url, method = 'GET', apiKey, body, signal }: ApiCall): Promise<Response> {
  try {
    return await fetch(url, {
      method,
      headers: {
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      redirect: 'manual',
      signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
    });
  } catch (error) {
    if (signal.aborted) throw new CliError('', exitCodes.interrupted);
    throw new ApiError(describeConnectionError(error as Error));
  }
}

function retryAfterOf({ headers }: Response): number | undefined {
  const seconds = headers.get('retry-after');
  return seconds !== null && /^\d{1,5}$/.test(seconds) ? Number(seconds) * 1000 : undefined;
}

async function readJson(response: Response, signal: AbortSignal): Promise<unknown> {
  try {
    const bytes = await collectBytes(response.body ?? new Blob().stream(), 'The response', maxResponseBytes);
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch (error) {
    if (signal.aborted) throw new CliError('', exitCodes.interrupted);
    if (error instanceof CliError) throw error;
    throw new ApiError(`The response (HTTP ${response.status}) is not JSON`, response.status);
  }
}

/**
 * Calls an API and returns the JSON object of its response.
 *
 * @throws ApiError if there is no response, or one that is not 2xx
 */
export async function callApi(call: ApiCall): Promise<Record<string, unknown>> {
  const response = await send(call);
  const json = await readJson(response, call.signal);
  if (!response.ok) {
    const reason = isRecord(json) && typeof json.error === 'string' ? json.error : 'no reason was given';
    throw new ApiError(escapeControls(truncate(reason, 300)), response.status, retryAfterOf(response));
  }
  if (isRecord(json)) return json;
  throw new ApiError('The response is not a JSON object', response.status);
}
