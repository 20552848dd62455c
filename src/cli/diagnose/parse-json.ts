import { CaptureError, describePlace, type Capture, type CaptureFormat } from './capture.js';
import { findJsonProblem } from './json-text.js';
import { contentOf, headersOf, isObject, textOf, timeOf, type JsonObject } from './json-values.js';

/** Reads an entry of a HAR file, or its `request` alone. */
function readHarEntry(entry: JsonObject, position: string | undefined): Capture {
  const request = isObject(entry.request) ? entry.request : entry;
  const postData = isObject(request.postData) ? request.postData : {};
  const hasParams =
    postData.text === undefined && Array.isArray(postData.params) && postData.params.length > 0;
  return {
    format: 'HAR',
    position,
    method: textOf(request.method),
    url: textOf(request.url),
    headers: headersOf(request.headers),
    sentAtMs: timeOf(entry.startedDateTime),
    ...contentOf(postData.text, postData.encoding === 'base64', 'HAR', position),
    ...(hasParams && {
      suspicion: 'The HAR entry has the body as form parameters only, so its bytes are lost.',
    }),
  };
}

/** The time at which the receiver responded, by its own clock. */
function responseTimeOf({ response_headers: headers }: JsonObject): number | undefined {
  return timeOf(headersOf(headers).find(([name]) => name.toLowerCase() === 'date')?.[1]);
}

/** Reads the details of a delivery, as the API of the sender returns them. */
function readDelivery(delivery: JsonObject, position: string | undefined): Capture {
  const log = Array.isArray(delivery.attempt_log) ? (delivery.attempt_log as unknown[]) : [delivery];
  const attempt = log.at(-1);
  if (!isObject(attempt) || attempt.request_headers === undefined) {
    throw new CaptureError(
      'JSON',
      'the delivery has no attempt, so there are no headers to check.',
      position,
    );
  }
  const count = `attempt ${log.length} of ${log.length}`;
  return {
    format: 'JSON',
    position:
      [position, Array.isArray(delivery.attempt_log) ? count : undefined].filter(Boolean).join(', ') ||
      undefined,
    method: 'POST',
    url: textOf(attempt.url),
    headers: headersOf(attempt.request_headers),
    // The receiver's clock, if it sent one. The sender's may be a virtual one, such as the emulator's.
    sentAtMs: responseTimeOf(attempt) ?? timeOf(attempt.started_at),
    ...contentOf(delivery.request_body, false, 'JSON', position),
  };
}

/** Reads an object with headers and a body, such as the event of AWS Lambda (API Gateway, function URL, load balancer). */
function readObject(object: JsonObject, position: string | undefined): Capture {
  const context = isObject(object.requestContext) ? object.requestContext : {};
  const http = isObject(context.http) ? context.http : {};
  const body = object.rawBody ?? object.body;
  return {
    format: 'JSON',
    position,
    method: textOf(object.method) ?? textOf(object.httpMethod) ?? textOf(http.method),
    url: textOf(object.url) ?? textOf(object.rawPath) ?? textOf(object.path),
    // Load balancers have the multi-value form only, function URLs the other.
    headers: headersOf(object.multiValueHeaders ?? object.headers ?? object.rawHeaders),
    sentAtMs: timeOf(context.requestTimeEpoch) ?? timeOf(context.timeEpoch),
    ...contentOf(body, object.isBase64Encoded === true, 'JSON', position),
  };
}

function isHarEntry(value: JsonObject): boolean {
  return isObject(value.request) || value.postData !== undefined;
}

function readValue(value: unknown, position: string | undefined): Capture {
  if (!isObject(value))
    throw new CaptureError('JSON', 'this is no object with headers and a body.', position);
  if (isHarEntry(value)) return readHarEntry(value, position);
  if (value.attempt_log !== undefined || value.request_headers !== undefined)
    return readDelivery(value, position);
  if (
    value.headers === undefined &&
    value.multiValueHeaders === undefined &&
    value.rawHeaders === undefined
  ) {
    const problem =
      value.event !== undefined && value.data !== undefined
        ? 'this is the body of a webhook without its headers. Capture the headers too.'
        : 'the object has no headers. Expected { "headers": {…}, "body": "…" }, a HAR file or a delivery.';
    throw new CaptureError('JSON', problem, position);
  }
  return readObject(value, position);
}

/** Tells whether a request looks like a webhook: it has a header with our name, whatever else is wrong with it. */
function isWebhook({ headers }: Capture): boolean {
  return headers.some(([name]) => /hostwares[-_](?:signature|timestamp)/i.test(name));
}

/** Picks the webhooks of several requests; if there are none, the POST requests with a body. */
function pick(values: readonly unknown[], format: CaptureFormat): readonly Capture[] {
  const noun = format === 'HAR' ? 'entry' : 'request';
  const all = values.map((value, at) => readValue(value, `${noun} ${at + 1} of ${values.length}`));
  const webhooks = all.filter(isWebhook);
  const picked =
    webhooks.length > 0 ? webhooks : all.filter(({ method, body }) => method !== 'GET' && body.length > 0);
  if (picked.length > 0) return picked;
  throw new CaptureError(
    format,
    `none of its ${all.length} requests has a body or the headers of a webhook.`,
  );
}

/** Reads a HAR file or entry, or a JSON object with headers and a body. Returns the webhooks that it has. */
export function parseJson(text: string): readonly Capture[] {
  const fault = findJsonProblem(text);
  const isHar = /"(?:startedDateTime|postData)"/.test(text);
  if (fault)
    throw new CaptureError(isHar ? 'HAR' : 'JSON', `${fault.problem}.`, describePlace(text, fault.offset));
  const root = JSON.parse(text) as unknown;
  if (Array.isArray(root)) return pick(root, isHar ? 'HAR' : 'JSON');
  const log = isObject(root) && isObject(root.log) ? root.log : root;
  if (isObject(log) && Array.isArray(log.entries)) return pick(log.entries, 'HAR');
  return [readValue(root, undefined)];
}
