import { createServer } from 'node:http';
import { createReceiver } from '@hostwares/webhooks';
import { createNodeHandler } from '@hostwares/webhooks/node';
import { createMemoryStore, createSender } from '@hostwares/webhooks/sender';

const secret = 'whsec_of_the_oldest_peers';
const got = [];
const receiver = createReceiver({ secret }).onAny(({ event }) => got.push(event));
const server = createServer(createNodeHandler(receiver));
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const sender = createSender({ store: createMemoryStore(), allowPrivateNetwork: true });
await sender.createEndpoint({ url: `http://127.0.0.1:${server.address().port}`, events: ['*'], secret });
await sender.start();
await sender.publish({ event: 'credits.low', account_id: 'acc_1', data: { balance: 1 } });
while (got.length < 2) await new Promise((resolve) => setTimeout(resolve, 5));
// Where it went and how long that took is read from the client's own events.
const { items } = await sender.listDeliveries({ status: 'succeeded', limit: 1 });
const { attempts } = await sender.getDelivery(items[0].id);
const { address, timings } = attempts[0].result;
if (!address.startsWith('127.0.0.1:') || !(timings.totalMs > 0)) throw new Error(JSON.stringify(attempts));
await sender.stop();
server.close();
console.log(got.join());
