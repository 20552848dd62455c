// What a browser without scripts does with the dashboard: it loads pages, reads the token, and posts forms.
import type { Emulator } from '../../../src/emulator/index.js';

/** A page that was loaded. */
export interface LoadedPage {
  readonly status: number;
  /** The path and query that redirects have led to. */
  readonly path: string;
  readonly html: string;
  /** The text of the content, without markup. */
  readonly text: string;
}

const entities: Readonly<Record<string, string>> = {
  '&lt;': '<',
  '&gt;': '>',
  '&quot;': '"',
  '&#39;': "'",
  '&amp;': '&',
};

export function decodeEntities(html: string): string {
  return html.replace(/&(?:lt|gt|quot|#39|amp);/g, (entity) => entities[entity] ?? entity);
}

async function toPage(response: Response): Promise<LoadedPage> {
  const html = await response.text();
  const { pathname, search } = new URL(response.url);
  const content = /<main[^>]*>([^]*)<\/main>/.exec(html)?.[1] ?? html;
  const text = decodeEntities(content.replace(/<[^>]+>/g, ' ')).replace(/\s+/g, ' ');
  return { status: response.status, path: pathname + search, html, text };
}

/** Loads pages of an emulator, and posts forms to it. */
export class FormBrowser {
  constructor(private readonly emulator: Pick<Emulator, 'url'>) {}

  async get(path: string): Promise<LoadedPage> {
    return toPage(await fetch(this.emulator.url + path));
  }

  /** Reads the token of a page with a form. */
  async token(): Promise<string> {
    const { html } = await this.get('/send');
    const token = /name="token" value="([^"]+)"/.exec(html)?.[1];
    if (token === undefined) throw new Error('The page has no token.');
    return token;
  }

  /** Posts a form with its token, and follows the redirect. */
  async post(path: string, fields: Record<string, string | string[]> = {}): Promise<LoadedPage> {
    const body = new URLSearchParams({ token: await this.token() });
    for (const [name, values] of Object.entries(fields)) {
      for (const value of [values].flat()) body.append(name, value);
    }
    return toPage(await fetch(this.emulator.url + path, { method: 'POST', body }));
  }
}
