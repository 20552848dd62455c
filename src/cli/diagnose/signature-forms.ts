import { Buffer } from 'node:buffer';
import { createHmac } from 'node:crypto';
import { headerValues, type Capture } from './capture.js';

/** A signature as this package understands it, and the form in which the request has it. */
interface SignatureForm {
  /** Absent for the right form. */
  readonly fault?: string | undefined;
  /** 64 lower-case hex digits. */
  readonly digits: string;
}

const signatureName = 'x-hostwares-signature';
const wellFormed = /^sha256=([0-9a-f]{64})$/;

/** The header under another name, as CGI, proxies and copied names write it. */
function findRenamed({ headers }: Capture): readonly [name: string, value: string] | undefined {
  const isSimilar = (name: string): boolean => /hostwares[-_]signature/i.test(name);
  return (
    headers.find(([name]) => isSimilar(name)) ??
    headers.find(([, value]) => /^sha256=[0-9a-f]{64}$/i.test(value.trim()))
  );
}

/** Reads one value in any of the known wrong forms. */
function readForm(value: string): SignatureForm | undefined {
  const [, digits] = wellFormed.exec(value) ?? [];
  if (digits !== undefined) return { digits };
  const text = value.trim().replace(/^["'](.*)["']$/, '$1');
  const spaced = text === value ? '' : 'has white space or quotes around it';
  const [, prefix = '', hex] = /^(sha256[=:]\s*)?([0-9a-f]{64})$/i.exec(text) ?? [];
  if (hex !== undefined) {
    const faults = [
      spaced,
      prefix === ''
        ? 'lacks the prefix sha256='
        : prefix.toLowerCase() === 'sha256='
          ? ''
          : 'has a wrong prefix',
      /[A-Z]/.test(hex) || /[A-Z]/.test(prefix) ? 'is in upper case' : '',
    ];
    return { digits: hex.toLowerCase(), fault: faults.filter(Boolean).join(' and ') };
  }
  const [, base64] = /^(?:sha256[=:]\s*)?([A-Za-z0-9+/_-]{43}=?)$/i.exec(text) ?? [];
  if (base64 === undefined) return undefined;
  return {
    digits: Buffer.from(base64, 'base64').toString('hex'),
    fault: 'is base64, not hex digits (digest("base64") in place of digest("hex"))',
  };
}

/** The signature header of a capture, in every form that can be understood. */
export interface FoundSignature {
  /** The values as they are, with the name of the header. */
  readonly values: readonly string[];
  /** The name, if it is not the right one. */
  readonly renamed?: string | undefined;
  readonly forms: readonly SignatureForm[];
}

/** Finds the signature, also in wrong forms and under wrong names. */
export function findSignature(capture: Capture): FoundSignature {
  const values = headerValues(capture, signatureName);
  const renamed = values.length === 0 ? findRenamed(capture) : undefined;
  const all = renamed ? [renamed[1]] : values;
  const pieces = all.flatMap((value) => (value.includes(',') ? value.split(',') : [value]));
  const forms = pieces.flatMap((piece): readonly SignatureForm[] => {
    const form = readForm(pieces.length > 1 ? piece.trim() : piece);
    if (!form) return [];
    const fault = [pieces.length > 1 ? 'appears more than once' : '', form.fault]
      .filter(Boolean)
      .join(' and ');
    return [{ digits: form.digits, fault: fault === '' ? undefined : fault }];
  });
  return { values: all, renamed: renamed?.[0], forms };
}

/** Returns the name of the other hash that made this signature with one of the secrets; undefined if none did. */
export function findOtherHash(
  values: readonly string[],
  body: Uint8Array,
  secrets: readonly string[],
): 'SHA-1' | 'SHA-512' | undefined {
  const signatures = values.map((value) => value.trim().replace(/^sha(?:1|512)[=:]/i, ''));
  for (const [name, hash] of [
    ['SHA-1', 'sha1'],
    ['SHA-512', 'sha512'],
  ] as const) {
    for (const secret of secrets) {
      const mac = createHmac(hash, secret).update(body).digest();
      if (
        signatures.some(
          (each) => each.toLowerCase() === mac.toString('hex') || each === mac.toString('base64'),
        )
      ) {
        return name;
      }
    }
  }
  return undefined;
}
