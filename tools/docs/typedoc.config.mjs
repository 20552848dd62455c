// The API reference in docs/api/: one page for each public subpath, from the TSDoc of the sources.
import { fileURLToPath } from 'node:url';
import tsup from '../../tsup.config.ts';

const path = (relative) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

/** @type {Partial<import('typedoc').TypeDocOptions> & Partial<import('typedoc-plugin-markdown').PluginOptions>} */
export default {
  name: '@hostwares/webhooks',
  entryPoints: Object.values(tsup.entry)
    .filter((entry) => entry !== 'src/cli/main.ts')
    .map(path),
  tsconfig: path('tools/docs/tsconfig.json'),
  out: path('docs/api'),
  plugin: ['typedoc-plugin-markdown'],
  readme: 'none',
  // A line number or a revision in each link would change with every commit.
  disableSources: true,
  excludeInternal: true,
  // `WebhookError` inherits dozens of members from `Error`.
  excludeExternals: true,
  validation: { notExported: false },
  router: 'module',
  entryFileName: 'README',
  hideBreadcrumbs: true,
  hidePageHeader: true,
  parametersFormat: 'table',
  interfacePropertiesFormat: 'list',
  pageTitleTemplates: {
    index: 'API reference',
    module: ({ name }) => (name === 'index' ? '@hostwares/webhooks' : `@hostwares/webhooks/${name}`),
  },
};
