import { describe, expect, it } from 'vitest';
import {
  createStyle,
  escapeControls,
  escapeControlsInLines,
  hideSignatures,
  toJsonLine,
  truncate,
} from '../../src/cli/style.js';
import { createTestContext } from '../support/cli-context.js';

describe('createStyle', () => {
  it('colours text for a terminal', () => {
    expect(createStyle(createTestContext({ isStdoutTTY: true })).red('no')).toBe('\x1b[31mno\x1b[39m');
  });

  it('returns text unchanged if it is piped, with NO_COLOR, and on a dumb terminal', () => {
    expect(createStyle(createTestContext()).red('no')).toBe('no');
    for (const env of [{ NO_COLOR: '1' }, { TERM: 'dumb' }]) {
      expect(createStyle(createTestContext({ isStdoutTTY: true, env })).red('no')).toBe('no');
    }
  });

  it('ignores an empty NO_COLOR', () => {
    const context = createTestContext({ isStdoutTTY: true, env: { NO_COLOR: '' } });
    expect(createStyle(context).bold('a')).not.toBe('a');
  });
});

describe('escapeControls', () => {
  it('escapes everything that drives a terminal or reorders text', () => {
    expect(escapeControls('a\x1b[2J\x9b1m\r\n\x07\u202e\u2028\u{e0041}b')).toBe(
      'a\\u{1b}[2J\\u{9b}1m\\u{d}\\u{a}\\u{7}\\u{202e}\\u{2028}\\u{e0041}b',
    );
  });

  it('keeps letters of all scripts and emoji with joiners', () => {
    const text = 'Zürich 東京 عربى 👩‍💻';
    expect(escapeControls(text)).toBe(text);
  });
});

it('escapeControlsInLines keeps lines and tabs', () => {
  expect(escapeControlsInLines('a\r\n\tb\rc\x1b')).toBe('a\n\tb\\u{d}c\\u{1b}');
});

it('truncate counts characters, and does not split one', () => {
  expect(truncate('💥💥💥', 3)).toBe('💥💥💥');
  expect(truncate('💥💥💥', 2)).toBe('💥…');
});

describe('toJsonLine', () => {
  it('is valid JSON of the same value, without a character that drives a terminal', () => {
    const value = { text: 'a\u001b[2J\u009b31m\u202e\u2028\ud83d\ude80\u{e0041}' };
    const line = toJsonLine(value);
    expect(JSON.parse(line)).toEqual(value);
    expect(line).toBe('{"text":"a\\u001b[2J\\u009b31m\\u202e\\u2028🚀\\udb40\\udc41"}');
  });
});

describe('hideSignatures', () => {
  it('hides each signature that an endpoint echoes', () => {
    const mac = 'a'.repeat(64);
    expect(hideSignatures(`got sha256=${mac}, SHA256=${mac.toUpperCase()}`)).toBe(
      'got sha256=… (hidden), sha256=… (hidden)',
    );
  });
});
