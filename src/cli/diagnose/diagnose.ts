import { isWebhookError } from '../../errors.js';
import { parseEvent } from '../../events/parse.js';
import { matchesAny, signPayload } from '../../signing/signature.js';
import { defaultMaxBodyBytes } from '../../verify/verify.js';
import { headerValues, type Capture } from './capture.js';
import { diagnoseTimestamp, type Reference } from './check-timestamp.js';
import type { Cause, Check, Diagnosis } from './diagnosis.js';
import { explained, type Facts } from './explained.js';
import { findMismatch } from './find-mismatch.js';
import { findSignature, type FoundSignature } from './signature-forms.js';

/** The values that a capture is checked against. */
export interface DiagnoseOptions {
  readonly secrets: readonly { readonly name: string; readonly secret: string }[];
  /** The environment and `.env`, whose secrets are tried too. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** The time of `--at`. */
  readonly atMs?: number | undefined;
  readonly nowMs: number;
  readonly toleranceSeconds: number;
}

interface Findings {
  readonly checks: Check[];
  readonly causes: Cause[];
}

function referenceOf({ sentAtMs }: Capture, { atMs, nowMs }: DiagnoseOptions): Reference {
  if (atMs !== undefined) return { ms: atMs, source: '--at' };
  return sentAtMs === undefined ? { ms: nowMs, source: 'now' } : { ms: sentAtMs, source: 'the capture' };
}

function checkRequest({ method, body }: Capture, { checks, causes }: Findings): void {
  if (method !== undefined && method !== 'POST') {
    checks.push({ outcome: 'fail', text: `method is ${method}` });
    causes.push({
      code: 'method_not_allowed',
      text: 'The request is no POST. Hostwares sends webhooks with POST only.',
    });
  }
  if (body.length > defaultMaxBodyBytes) {
    checks.push({ outcome: 'fail', text: `body has ${body.length} bytes` });
    const text = `The body is larger than the receiver's default limit of ${defaultMaxBodyBytes} bytes (maxBodyBytes). Hostwares sends far less.`;
    causes.push({ code: 'body_too_large', text });
  }
}

/** Compares the body with Content-Length. A difference alone is no fault: the signature decides. */
function checkLength(capture: Capture, { checks }: Findings): void {
  const [declared = ''] = headerValues(capture, 'content-length');
  if (!/^\d+$/.test(declared)) return;
  const length = capture.body.length;
  checks.push(
    Number(declared) === length
      ? { outcome: 'pass', text: `body has the ${length} bytes of Content-Length` }
      : { outcome: 'info', text: `Content-Length says ${declared} bytes, but the body has ${length}` },
  );
}

async function checkSignatureForm(
  facts: Facts,
  signature: FoundSignature,
  { checks, causes }: Findings,
): Promise<void> {
  const { values, renamed, forms } = signature;
  if (values.length === 0 || renamed !== undefined) {
    checks.push({ outcome: 'fail', text: 'header X-Hostwares-Signature is missing' });
    const hint = await explained('missing_signature', facts);
    const text = renamed === undefined ? hint : `${hint} It is here as ${renamed}: keep its name.`;
    causes.push({ code: 'missing_signature', text });
    return;
  }
  const [form] = forms;
  if (values.length === 1 && form && form.fault === undefined) {
    checks.push({ outcome: 'pass', text: `signature is well formed (sha256=${form.digits.slice(0, 4)}…)` });
    return;
  }
  checks.push({ outcome: 'fail', text: 'signature is malformed' });
  const hint = await explained('malformed_signature', facts);
  causes.push({
    code: 'malformed_signature',
    text: form?.fault === undefined ? hint : `${hint} It ${form.fault}.`,
  });
}

/** Returns the name of the secret that made the signature of a body. */
async function findSigner(
  { forms }: FoundSignature,
  body: Uint8Array,
  secrets: DiagnoseOptions['secrets'],
): Promise<string | undefined> {
  for (const { name, secret } of secrets) {
    for (const { digits } of forms) if (await matchesAny(body, digits, [secret])) return name;
  }
  return undefined;
}

/** Checks a body whose signature matches. Returns its event. */
async function checkEvent(facts: Facts, { checks, causes }: Findings): Promise<Diagnosis['event']> {
  try {
    const event = parseEvent(facts.body);
    const type = event.event === 'unknown' ? event.type : event.event;
    checks.push({ outcome: 'pass', text: `body is the event ${type} with the id ${event.id}` });
    return { type, id: event.id };
  } catch (error) {
    if (!isWebhookError(error)) throw error;
    checks.push({ outcome: 'fail', text: `body is no event (${error.code})` });
    const own = error.message === error.code ? '' : `${error.message} `;
    causes.push({
      code: error.code,
      text: own + (await explained(error.code, facts)).replace(/^invalid_envelope /, ''),
    });
    return undefined;
  }
}

async function confidentialLines(
  { values }: FoundSignature,
  body: Uint8Array,
  secrets: DiagnoseOptions['secrets'],
): Promise<string[]> {
  const lines = values.map((value) => `signature of the capture: ${value}`);
  for (const { name, secret } of secrets) {
    lines.push(
      `${name}: ${secret}`,
      `signature of the body with ${name}: ${await signPayload(body, secret)}`,
    );
  }
  return lines;
}

/** Checks the signature of the body, and looks for the cause if it does not match. */
async function checkSignature(
  facts: Facts,
  signature: FoundSignature,
  options: DiagnoseOptions,
  findings: Findings,
): Promise<Diagnosis['event']> {
  const { capture, body } = facts;
  const signer = await findSigner(signature, body, options.secrets);
  if (signer !== undefined) {
    findings.checks.push({ outcome: 'pass', text: `signature matches the body and ${signer}` });
    return checkEvent(facts, findings);
  }
  const count = options.secrets.length;
  const against = count === 1 ? 'the secret' : `any of the ${count} secrets`;
  findings.checks.push({ outcome: 'fail', text: `signature does not match the body and ${against}` });
  const [timestamp] = headerValues(capture, 'x-hostwares-timestamp');
  const { secrets: named, variables } = options;
  const found = await findMismatch({ ...facts, signature, timestamp, named, variables });
  findings.checks.push(...found.checks);
  // A proven cause replaces the guess from the form of the header.
  const proven = new Set(found.causes.filter(({ proof }) => proof !== undefined).map(({ code }) => code));
  const kept = findings.causes.filter(({ code }) => !proven.has(code));
  findings.causes.splice(0, Infinity, ...kept, ...found.causes);
  return undefined;
}

/** Finds what is wrong with a captured request. */
export async function diagnose(capture: Capture, options: DiagnoseOptions): Promise<Diagnosis> {
  const findings: Findings = { checks: [], causes: [] };
  const { checks, causes } = findings;
  const { body } = capture;
  const secrets = options.secrets.map(({ secret }) => secret);
  const facts: Facts = { capture, body, secrets, nowMs: options.nowMs };
  checks.push(...capture.notes.map((text): Check => ({ outcome: 'info', text })));
  checkRequest(capture, findings);
  const signature = findSignature(capture);
  await checkSignatureForm(facts, signature, findings);
  const timestamp = await diagnoseTimestamp(facts, referenceOf(capture, options), options.toleranceSeconds);
  checks.push(...timestamp.checks);
  causes.push(...timestamp.causes);
  checkLength(capture, findings);
  const event =
    signature.values.length === 0 ? undefined : await checkSignature(facts, signature, options, findings);
  if (event && timestamp.isStale && causes.length === 0) {
    checks.push({ outcome: 'pass', text: 'it was valid at the time it was sent' });
  }
  return { checks, causes, event, confidential: await confidentialLines(signature, body, options.secrets) };
}
