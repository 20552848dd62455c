// The bodies that are measured: a deployment event, padded with a long commit message.
import { createHmac } from 'node:crypto';

export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

export function bodyOf(bytes) {
  const event = {
    id: 'evt_2f0c6d1e9b7a4c55',
    event: 'deployment.completed',
    timestamp: new Date().toISOString(),
    account_id: 'acc_19c3',
    data: {
      site_id: 'site_3kq9',
      site_name: 'shop',
      status: 'RUNNING',
      deployment_id: 'dep_81fa',
      duration_seconds: 42.5,
      commit_message: '',
      commit_sha: '9fceb02d0ae598e95dc970b74767f19372d61af8',
      domain: 'shop.example.com',
    },
  };
  event.data.commit_message = 'Fix the cart total. '
    .repeat(bytes)
    .slice(0, bytes - JSON.stringify(event).length);
  return Buffer.from(JSON.stringify(event));
}

export function headersOf(body) {
  return {
    host: '127.0.0.1',
    'user-agent': 'Hostwares-Webhooks/1.0',
    accept: '*/*',
    'content-type': 'application/json',
    'content-length': String(body.length),
    'x-hostwares-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`,
    'x-hostwares-timestamp': String(Math.floor(Date.now() / 1000)),
    connection: 'keep-alive',
  };
}
