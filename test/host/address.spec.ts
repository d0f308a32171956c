import { expect } from 'chai';
import { isOpenAddress } from '../../host/http/address.ts';

const open = [
  'http://192.0.2.1:9080',
  'https://relay.example/ptg',
  'http://[2001:db8::1]:80',
  'http://abcdefgh.onion',
  'http://11.0.0.1',
];
const closed = [
  'http://127.0.0.1:9080',
  'http://2130706433',
  'http://0x7f.1/',
  'http://0.0.0.0',
  'http://10.1.2.3',
  'http://100.64.0.1',
  'http://169.254.169.254',
  'http://172.31.255.255',
  'http://192.168.1.1',
  'http://224.0.0.1',
  'http://255.255.255.255',
  'http://[::1]',
  'http://[::]',
  'http://[::ffff:127.0.0.1]',
  'http://[fd00::1]',
  'http://[fe80::1]',
  'http://localhost:1',
  'http://LOCALHOST.:1',
  'http://a.localhost',
  'http://router',
  'http://printer.local',
  'http://db.internal.',
  'http://[::1',
];

describe('host/http/address', () => {
  for (const url of open) it(`is open: ${url}`, () => expect(isOpenAddress(url)).equal(true));
  for (const url of closed) it(`is closed: ${url}`, () => expect(isOpenAddress(url)).equal(false));
});
