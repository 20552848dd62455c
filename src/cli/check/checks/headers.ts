import type { Check, CheckContext } from '../types.js';
import { rejectionCheck, type ForgedRequest, type RejectionCheck } from './deliver.js';

/** A signature header, made from the right digits of the body that is sent. */
type SignatureVariant = readonly [what: string, header: (digits: string, body: string) => readonly string[]];

async function createRequests(
  { client, events }: CheckContext,
  variants: readonly SignatureVariant[],
): Promise<ForgedRequest[]> {
  return Promise.all(
    variants.map(async ([what, header]) => {
      const { json: body, id: eventId } = events.create('deployment.completed');
      const digits = (await client.sign(body)).slice('sha256='.length);
      return { what, body, eventId, signature: header(digits, body) };
    }),
  );
}

interface SignatureCheck extends Pick<Check, 'id' | 'title' | 'why' | 'fix'> {
  readonly ifAcknowledged: RejectionCheck['ifAcknowledged'];
  readonly variants: (context: CheckContext) => readonly SignatureVariant[];
}

const signatureCheck = ({ variants, ...check }: SignatureCheck): Check =>
  rejectionCheck({
    ...check,
    group: 'headers',
    severity: check.ifAcknowledged === 'fail' ? 'critical' : 'minor',
    requires: ['wrong-secret'],
    requests: (context) => createRequests(context, variants(context)),
  });

const exactForm =
  'Accept the header in one form only: /^sha256=[0-9a-f]{64}$/. Answer 401 to every other form, before you decode it.';
const lenient =
  'No forgery follows from this alone. But a parser that accepts more than one form hides mistakes, and two programs on the way may read the header differently.';

/** The right digits, with the given part replaced by wrong ones. */
const spoil = (part: string): string => part.replace(/./g, (digit) => (digit === '0' ? '1' : '0'));

/** Signature headers that must be rejected. */
export const headerChecks: readonly Check[] = [
  signatureCheck({
    id: 'missing-signature',
    title: 'rejects a request without a signature',
    why: 'An attacker leaves the header out, and the verification is skipped.',
    fix: 'Answer 401 if the header is missing or empty.',
    ifAcknowledged: 'fail',
    variants: () => [
      ['no signature header', () => []],
      ['an empty signature header', () => ['']],
    ],
  }),
  signatureCheck({
    id: 'malformed-signature',
    title: 'rejects a malformed signature',
    why: 'A signature that cannot be decoded must not count as right.',
    fix: exactForm,
    ifAcknowledged: 'fail',
    variants: ({ random }) => [
      ['a signature that is not hex', () => [`sha256=${'z'.repeat(64)}`]],
      ['a signature of zeros', () => [`sha256=${'0'.repeat(64)}`]],
      ['a signature with a character that is not ASCII', () => [`sha256=é${random.hex(63)}`]],
      ['a signature of 2,000 digits', () => [`sha256=${random.hex(2_000)}`]],
      ['text without any digits', () => ['none']],
    ],
  }),
  signatureCheck({
    id: 'partial-signature',
    title: 'rejects a part of the right signature',
    why: 'If a part is enough, an attacker guesses it digit by digit. An empty part needs no guess at all.',
    fix: 'Compare the whole signature, for equal length and equal content (`timingSafeEqual`), not with `startsWith` or `slice`.',
    ifAcknowledged: 'fail',
    variants: () => [
      ['no digits after "sha256="', () => ['sha256=']],
      ['the first 8 digits', (digits) => [`sha256=${digits.slice(0, 8)}`]],
      ['all digits but the last', (digits) => [`sha256=${digits.slice(0, 63)}`]],
      ['a right first half', (digits) => [`sha256=${digits.slice(0, 32)}${spoil(digits.slice(32))}`]],
      ['a right second half', (digits) => [`sha256=${spoil(digits.slice(0, 32))}${digits.slice(32)}`]],
    ],
  }),
  signatureCheck({
    id: 'sha1-signature',
    title: 'rejects a SHA-1 signature',
    why: 'The sender must not choose the algorithm. The platform signs with HMAC-SHA256 only.',
    fix: exactForm,
    ifAcknowledged: 'fail',
    variants: ({ client }) => [
      ['"sha1=" and an HMAC-SHA1', (_, body) => [`sha1=${client.hmac('sha1', body)}`]],
    ],
  }),
  signatureCheck({
    id: 'signature-upper-case',
    title: 'rejects upper-case digits',
    why: lenient,
    fix: exactForm,
    ifAcknowledged: 'warn',
    variants: () => [['the right digits in upper case', (digits) => [`sha256=${digits.toUpperCase()}`]]],
  }),
  signatureCheck({
    id: 'signature-without-prefix',
    title: 'rejects a signature without "sha256="',
    why: lenient,
    fix: exactForm,
    ifAcknowledged: 'warn',
    variants: () => [
      ['the right digits without "sha256="', (digits) => [digits]],
      ['the right digits after "SHA256="', (digits) => [`SHA256=${digits}`]],
    ],
  }),
  signatureCheck({
    id: 'signature-trailing-junk',
    title: 'rejects a signature that is followed by other characters',
    why: lenient,
    fix: exactForm,
    ifAcknowledged: 'warn',
    variants: () => [
      ['"zz" after the right digits', (digits) => [`sha256=${digits}zz`]],
      ['two more digits', (digits) => [`sha256=${digits}00`]],
      ['a semicolon and a word', (digits) => [`sha256=${digits};v=1`]],
    ],
  }),
  signatureCheck({
    id: 'signature-list',
    title: 'rejects a list of signatures in one header',
    why: lenient,
    fix: exactForm,
    ifAcknowledged: 'warn',
    variants: () => [
      ['the right signature, then a wrong one', (digits) => [`sha256=${digits},sha256=${spoil(digits)}`]],
      ['a wrong signature, then the right one', (digits) => [`sha256=${spoil(digits)}, sha256=${digits}`]],
    ],
  }),
  signatureCheck({
    id: 'signature-twice',
    title: 'rejects two signature headers',
    why: lenient,
    fix: 'Reject the request if the header appears more than once. Node joins repeated headers with a comma, so one strict pattern is enough.',
    ifAcknowledged: 'warn',
    variants: () => [
      ['the right header, then a wrong one', (digits) => [`sha256=${digits}`, `sha256=${spoil(digits)}`]],
      ['a wrong header, then the right one', (digits) => [`sha256=${spoil(digits)}`, `sha256=${digits}`]],
    ],
  }),
];
