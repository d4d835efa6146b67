import { expect, test } from 'vitest';
import { mintStreamKey } from '../../common/srt/mintStreamKey.ts';
import { findSecrets } from './findSecrets.ts';

const secrets = new Map([
  ['open "sesame"', 'a passphrase'],
  ['hmac-secret-0123456789', 'HMAC_SECRET'],
]);

test('finds a secret in JSON and in text, and a stream key wherever it stands', () => {
  const token = mintStreamKey({ streamId: 'show', run: 'r', secret: 'sixteen letters!', ttlSeconds: 60 });
  const lines = [
    JSON.stringify({ msg: 'listening', port: 1 }),
    JSON.stringify({ msg: 'caller', err: { message: 'with open "sesame"' } }),
    'Error: hmac-secret-0123456789 is wrong',
    JSON.stringify({ url: `srt://a:1?streamid=mode=publish,rid=show,token=${token}` }),
  ];
  expect(findSecrets(lines, secrets).map(text => text.slice(0, 20))).toEqual([
    'a passphrase is in a',
    'HMAC_SECRET is in a ',
    'a token is in a line',
  ]);
});
