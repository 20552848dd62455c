import fc from 'fast-check';
import { expect, it } from 'vitest';
import { findJsonError } from '../../../src/emulator/dashboard/json-error.js';

it.each([
  ['', 0],
  ['{"a": x}', 6],
  ['{"a": 1,}', 8],
  ['{"a" 1}', 5],
  ["{'a': 1}", 1],
  ['[1, 2', 5],
  ['[1, ]', 4],
  ['[1}', 2],
  ['{"a": "b\n"}', 6],
  ['{"a": "\\x"}', 6],
  ['01', 1],
  ['{} {}', 3],
  ['\u00a0{}', 0],
  ['{"a": nul}', 6],
])('finds the mistake in %j at %i', (text, position) => {
  expect(() => JSON.parse(text) as unknown).toThrow();
  expect(findJsonError(text)).toBe(position);
});

it('reads every JSON text to its end', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(0, 2), (value, indent) => {
      const text = JSON.stringify(value, null, indent);
      expect(findJsonError(text)).toBe(text.length);
    }),
  );
});

it('reports no mistake in a changed text that JSON.parse still accepts', () => {
  const changed = fc
    .tuple(fc.json(), fc.nat(), fc.constantFrom('x', '"', ',', ']', '}', ':', '0', '\\', ' '))
    .map(([json, at, inserted]) => {
      const position = at % (json.length + 1);
      return json.slice(0, position) + inserted + json.slice(position);
    });
  const isAccepted = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  fc.assert(
    fc.property(changed.filter(isAccepted), (text) => {
      expect(findJsonError(text)).toBe(text.length);
    }),
  );
});
