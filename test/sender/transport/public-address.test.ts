// The addresses that the sender may connect to.
import { describe, expect, it } from 'vitest';
import { isPublicAddress } from '../../../src/sender/transport/public-address.js';

const forbidden = `0.0.0.0 0.1.2.3 10.0.0.1 100.64.0.1 127.0.0.1 127.255.255.255 169.254.169.254 172.16.0.1
  172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1
  224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
  :: ::1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::127.0.0.1 ::8.8.8.8 ::ffff:0:127.0.0.1 ::ffff:0:8.8.8.8
  64:ff9b::7f00:1 64:ff9b::a9fe:a9fe 64:ff9b::a00:1 64:ff9b::a83f:8110 64:ff9b:0:1::808:808 64:ff9b:1::1 64:ff9b:1::808:808 100::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 2001:20::1 2001:db8::1
  2002:7f00:1::1 2002:808:808::1 3fff::1 4000::1 5f00::1 fc00::1 fd12:3456::1 fe80::1 fec0::1 ff02::1
  2606:4700::5efe:7f00:1 2606:4700::200:5efe:808:808
  168.63.129.16 161.26.0.10 166.8.0.1 166.11.255.255 100.100.100.200 192.0.0.192 fd00:ec2::254 fd20:ce::254 fe80::1234:5678:9abc`
  .trim()
  .split(/\s+/);
const allowed = [
  '8.8.8.8',
  '93.184.215.14',
  '172.32.0.1',
  '192.0.1.1',
  '2606:4700::1111',
  '2a00:1450::1',
  '64:ff9b::808:808',
  '64:ff9b::5db8:d70e',
  '2606:4700::1:5efe:808:808',
  '168.63.129.15',
  '161.25.0.1',
  '166.12.0.1',
];

describe('isPublicAddress', () => {
  it.each(forbidden)('rejects %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
  it.each(allowed)('accepts %s', (address) => {
    expect(isPublicAddress(address)).toBe(true);
  });

  it.each(['', 'example.com', '8.8.8.8:443', '[2606:4700::1111]'])(
    'rejects %j, which is not an address',
    (text) => {
      expect(isPublicAddress(text)).toBe(false);
    },
  );
});
