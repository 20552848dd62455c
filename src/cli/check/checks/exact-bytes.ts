import type { CheckEvent } from '../events.js';
import type { Check } from '../types.js';
import { expectAcknowledged } from './deliver.js';

const why =
  'JSON can be written in many ways, and the signature covers the bytes. Code that parses the body and serializes it again hashes other bytes, and rejects genuine events.';
const fix =
  'Verify the raw body before anything parses it. In Express: `express.raw({ type: "*/*" })` on the route, or mount the handler before `express.json()`.';

/** Escapes some letters, each slash and each character that is not ASCII. */
function writeEscapes({ wire }: CheckEvent): string {
  const text = JSON.stringify({ ...wire, data: { ...wire.data, commit_message: 'Größe/🚀 done' } });
  return text
    .replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    .replaceAll('/', '\\/')
    .replaceAll('"data"', '"d\\u0061ta"');
}

function writeNumbers({ wire }: CheckEvent): string {
  const text = JSON.stringify({ ...wire, data: { ...wire.data, numbers: [] } });
  return text.replace('"numbers":[]', '"numbers":[42.50,1.0,1e2,1E+2,-0,0.10,12345678901234567890]');
}

/** `data` comes first, and names that look like integers are not sorted. JavaScript would sort them. */
function writeKeys({ wire: { data, ...envelope } }: CheckEvent): string {
  const envelopeText = JSON.stringify(envelope).slice(1);
  return `{"data":${JSON.stringify(data).replace(/\}$/, ',"20":"b","3":"a"}')},${envelopeText}`;
}

function writeWhiteSpace({ wire }: CheckEvent): string {
  return `${JSON.stringify(wire, undefined, '\t').replace(/":/g, '" :').replaceAll('\n', '\r\n')}\n`;
}

function exactBytesCheck(id: string, title: string, write: (event: CheckEvent) => string): Check {
  return {
    id,
    group: 'exact-bytes',
    title,
    why,
    fix,
    severity: 'major',
    async run(context) {
      const event = context.events.create(context.effects?.type ?? 'deployment.completed');
      return expectAcknowledged(context, { event, body: write(event), what: `an event with ${id}` });
    },
  };
}

export const exactBytesChecks: readonly Check[] = [
  exactBytesCheck('unicode-escapes', 'acknowledges an event written with escapes', writeEscapes),
  exactBytesCheck('number-forms', 'acknowledges numbers written as 42.50 and 1e2', writeNumbers),
  exactBytesCheck('key-order', 'acknowledges keys in an unusual order', writeKeys),
  exactBytesCheck('white-space', 'acknowledges an event with white space', writeWhiteSpace),
];
