import { createEndpointDisabledMailer } from '@hostwares/webhooks/sender/email';
import { SMTPServer } from 'smtp-server';

let mail = '';
const server = new SMTPServer({
  authOptional: true,
  disabledCommands: ['STARTTLS'],
  onData(stream, _session, done) {
    stream.on('data', (chunk) => (mail += chunk)).on('end', done);
  },
});
const listening = server.listen(0, '127.0.0.1');
await new Promise((resolve) => listening.once('listening', resolve));
const smtp = `smtp://127.0.0.1:${listening.address().port}`;
const tell = createEndpointDisabledMailer({
  smtp,
  from: 'a@hostwares.example',
  to: () => 'b@customer.example',
});
await tell({
  id: 'wh_1',
  accountId: 'acc_1',
  url: 'https://customer.example/hook',
  disabledReason: 'failing',
  disabledAtMs: 1_700_000_000_000,
  failingSinceMs: null,
  lastError: null,
});
await new Promise((resolve) => server.close(resolve));
for (const part of [
  'To: b@customer.example',
  'Message-ID: <wh_1.1700000000000@hostwares.com>',
  'text/html',
]) {
  if (!mail.includes(part)) throw new Error(`the mail does not contain ${part}:\n${mail}`);
}
console.log('one mail');
