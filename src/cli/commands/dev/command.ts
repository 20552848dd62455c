import { Command, Option } from 'commander';
import type { CliContext } from '../../context.js';
import { collect, parsePort } from '../../option-values.js';
import { runDev, type DevOptions } from './dev.js';

const help = `
The secret is that of --secret, else HOSTWARES_WEBHOOK_SECRET in the environment or in .env. If there is none, one is
made and printed before the first request.

Examples:
  $ hostwares-webhooks dev --forward-to http://localhost:3000/webhooks/hostwares
  $ hostwares-webhooks dev --forward-to 'deployment.*=http://localhost:3000/hooks' --forward-to http://localhost:4000/all
  $ hostwares-webhooks dev --forward-to http://localhost:3000/hooks --db webhooks.db
  $ hostwares-webhooks dev --forward-to http://localhost:3000/hooks --print-secret >> .env

Exit codes: 0 quit with q, 2 the command line is not valid, 3 the port or the database cannot be used, 130 Ctrl-C.`;

/** Creates the command `dev`. */
export function devCommand(context: CliContext): Command {
  return new Command('dev')
    .summary('run the platform on this machine, and forward events to your server')
    .description(
      'Runs the platform on 127.0.0.1: sender, API and dashboard. Creates an endpoint for each URL, and prints one line per attempt.',
    )
    .option('--forward-to <url>', 'URL to send events to; events=URL limits them (repeatable)', collect)
    .option('--port <number>', 'port of the dashboard and the API; 0 takes a free one', parsePort, 4400)
    .option('--db <file>', 'keep everything in this SQLite file (Node 22.13 or later)')
    .option('--events <list>', 'event types of the URLs that do not name their own; * is a wildcard')
    .option('--secret <secret>', 'signing secret of the endpoints, at least 16 characters')
    .option('--allow-private-network', 'allow http: URLs on other machines')
    .option(
      '--print-secret',
      'print only the line for .env on standard output, everything else on standard error',
    )
    .addOption(new Option('--json', 'print one JSON object per line').conflicts('printSecret'))
    .addHelpText('after', help)
    .action((options: DevOptions) => runDev(context, options));
}
