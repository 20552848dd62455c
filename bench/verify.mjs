// CPU time of one verification, libraries side by side: ratios to the floor, medians of interleaved rounds.
// The floor is the work that no library can avoid: the HMAC and JSON.parse of the same bytes.
import { execFileSync } from 'node:child_process';
import { createHmac, createSecretKey, timingSafeEqual } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { verify as octokitVerify } from '@octokit/webhooks-methods';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { Webhook as SvixWebhook } from 'svix';
import { verifyWebhook } from '../dist/index.js';
import { bodyOf, headersOf, secret } from './samples.mjs';

const rounds = Number(process.env.BENCH_ROUNDS ?? 15);
const processes = 5;
const key = createSecretKey(Buffer.from(secret));
const base64Secret = Buffer.from(secret).toString('base64');
const stripe = new Stripe('sk_test_x');
const svix = new SvixWebhook(base64Secret);
const standard = new StandardWebhook(base64Secret);

function contestants(body) {
  const headers = headersOf(body);
  const signature = headers['x-hostwares-signature'];
  const seconds = headers['x-hostwares-timestamp'];
  const text = body.toString();
  const stripeHeader = stripe.webhooks.generateTestHeaderString({ payload: text, secret });
  const now = new Date();
  const signed = (webhook) => ({
    id: 'msg_1',
    timestamp: String(Math.floor(now / 1000)),
    signature: webhook.sign('msg_1', now, text),
  });
  const named = (prefix, { id, timestamp, signature: value }) => ({
    [`${prefix}-id`]: id,
    [`${prefix}-timestamp`]: timestamp,
    [`${prefix}-signature`]: value,
  });
  const svixHeaders = named('svix', signed(svix));
  const standardHeaders = named('webhook', signed(standard));
  return {
    floor() {
      createHmac('sha256', key).update(body).digest();
      return JSON.parse(body.toString());
    },
    '@hostwares/webhooks': () => verifyWebhook({ body, headers }, { secret }),
    'published sample code'() {
      const expected = `sha256=${createHmac('sha256', secret).update(body.toString()).digest('hex')}`;
      if (!timingSafeEqual(Buffer.from(signature), Buffer.from(expected))) throw new Error('invalid');
      if (Math.abs(Date.now() / 1000 - Number(seconds)) > 300) throw new Error('stale');
      return JSON.parse(body.toString());
    },
    async '@octokit/webhooks-methods'() {
      const payload = body.toString();
      if (!(await octokitVerify(secret, payload, signature))) throw new Error('invalid');
      return JSON.parse(payload);
    },
    stripe: () => stripe.webhooks.constructEvent(body, stripeHeader, secret),
    svix: () => svix.verify(body, svixHeaders),
    standardwebhooks: () => standard.verify(body, standardHeaders),
  };
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

/** Measures one size in rounds, with about 20 ms per contestant: the ratios to the floor of the same round. */
async function measure(bytes) {
  const entries = Object.entries(contestants(bodyOf(bytes)));
  const repeats = Math.ceil(20_000_000 / (2_500 + bytes * 0.75));
  const times = Object.fromEntries(entries.map(([name]) => [name, []]));
  for (let round = -3; round < rounds; round += 1) {
    // Another order in each round, so that no contestant always runs after the same one.
    const shift = (round + 3) % entries.length;
    for (const [name, act] of [...entries.slice(shift), ...entries.slice(0, shift)]) {
      const start = process.cpuUsage();
      for (let repeat = 0; repeat < repeats; repeat += 1) await act();
      const { user, system } = process.cpuUsage(start);
      if (round >= 0) times[name].push(((user + system) * 1000) / repeats);
    }
  }
  const ratios = entries.map(([name]) => [
    name,
    median(times[name].map((ns, round) => ns / times.floor[round])),
  ]);
  return { floorUs: median(times.floor) / 1000, ratios: Object.fromEntries(ratios) };
}

// Separate processes for each size, because the compiler specialises code for the first body. Several of them,
// because some processes compile the floor itself badly.
if (process.argv[2]) {
  console.log(JSON.stringify(await measure(Number(process.argv[2]))));
} else {
  const sizes = [400, 4096, 65_536];
  const runs = sizes.map((bytes) =>
    Array.from({ length: processes }, () =>
      JSON.parse(
        execFileSync(process.execPath, [fileURLToPath(import.meta.url), String(bytes)], { encoding: 'utf8' }),
      ),
    ),
  );
  console.log(
    `Verification: CPU time as a ratio to createHmac + JSON.parse, Node ${process.versions.node}\n`,
  );
  console.log(`| | ${sizes.map((bytes) => `${bytes} B`).join(' | ')} |\n|---|--:|--:|--:|`);
  for (const name of Object.keys(runs[0][0].ratios)) {
    const cells = runs.map((each) =>
      name === 'floor'
        ? `1.00 (${median(each.map(({ floorUs }) => floorUs)).toFixed(1)} µs)`
        : median(each.map(({ ratios }) => ratios[name])).toFixed(2),
    );
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
}
