import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from '../../context.js';
import { collect, parseCountUpTo, parsePort } from '../../option-values.js';
import { runTrigger, type TriggerOptions } from './trigger.js';

const help = `
Without --data, the event is a sample of its type. --data takes a whole event or only its data. A value of --set is
JSON if it parses as JSON, and text otherwise.

Examples:
  $ hostwares-webhooks trigger deployment.failed
  $ hostwares-webhooks trigger all
  $ hostwares-webhooks trigger deployment.completed --set data.site_name=blog --set data.commit_sha=null
  $ hostwares-webhooks trigger credits.low --to http://localhost:3000/hooks --secret whsec_...
  $ echo '{"balance": 1}' | hostwares-webhooks trigger credits.low --data -
  $ hostwares-webhooks trigger site.created --count 500 --rate 50 --json

Exit codes: 0 every request got a 2xx, 1 a request failed or there was none, 2 the command line or the data is not valid,
3 no emulator runs, 130 Ctrl-C.`;

function parseRate(text: string): number {
  const rate = /^\d{1,4}(\.\d{1,3})?$/.test(text) ? Number(text) : NaN;
  if (rate > 0 && rate <= 1000) return rate;
  throw new InvalidArgumentError('Expected events per second, above 0 and at most 1000.');
}

/** Creates the command `trigger`. */
export function triggerCommand(context: CliContext): Command {
  return new Command('trigger')
    .summary('send a signed event through the emulator, or straight to a URL')
    .description(
      'Sends a signed event through the running emulator, or straight to a URL, and prints the response.',
    )
    .argument('<event>', 'event type, or all for one of each')
    .option('--to <url>', 'send to this URL instead of the endpoints of the emulator; needs a secret')
    .option('--secret <secret>', 'for --to; else HOSTWARES_WEBHOOK_SECRET of the environment or .env')
    .option(
      '--set <field=value>',
      'set a field of the event, such as data.site_name=shop (repeatable)',
      collect,
    )
    .option('--data <file>', 'JSON of the event or of its data; - reads standard input')
    .option('--count <number>', 'send it this many times', parseCountUpTo(100_000), 1)
    .option('--rate <number>', 'events per second; without it, one after the other', parseRate)
    .addOption(
      new Option('--port <number>', 'port of the emulator (default: 4400)')
        .argParser(parsePort)
        .conflicts('to'),
    )
    .addOption(new Option('--url <url>', 'address of the emulator').conflicts(['port', 'to']))
    .option('--allow-private-network', 'allow an http: URL on another machine for --to')
    .option('--json', 'print one JSON object per request')
    .addHelpText('after', help)
    .action((event: string, options: TriggerOptions) => runTrigger(context, event, options));
}
