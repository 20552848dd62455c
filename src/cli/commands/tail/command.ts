import { Command, Option } from 'commander';
import type { CliContext } from '../../context.js';
import { runTail, type TailOptions } from './tail.js';

const help = `
Deliveries that were there before are shown when their status changes.

Examples:
  $ hostwares-webhooks tail
  $ hostwares-webhooks tail --event 'deployment.*' --status failed
  $ hostwares-webhooks tail --url https://hooks.example.com --api-key "$API_KEY" --json

Exit codes: 2 the command line is not valid, 3 the server cannot be reached or rejects the key, 130 Ctrl-C.`;

/** Creates the command `tail`. */
export function tailCommand(context: CliContext): Command {
  return new Command('tail')
    .summary('follow the deliveries of an emulator or of any server of the API')
    .description('Prints each new delivery and each change of its status, once a second, until Ctrl-C.')
    .option('--url <url>', 'address of the server, without /api/webhooks (default: http://127.0.0.1:4400)')
    .option('--api-key <key>', 'API key; an emulator needs none')
    .option('--endpoint <id>', 'only deliveries to this endpoint (wh_...)')
    .option('--event <list>', 'only these event types; * is a wildcard')
    .addOption(
      new Option('--status <status>', 'only changes to this status').choices([
        'scheduled',
        'attempting',
        'held',
        'succeeded',
        'failed',
        'cancelled',
      ]),
    )
    .option('--allow-private-network', 'allow an http: URL on another machine')
    .option('--json', 'print one JSON object per change')
    .addHelpText('after', help)
    .action((options: TailOptions) => runTail(context, options));
}
