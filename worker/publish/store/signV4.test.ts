import { expect, test } from 'vitest';
import { SignV4 } from './signV4.ts';

const keys = { accessKey: 'AKIAIOSFODNN7EXAMPLE', secretKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY' };

test('signs as the example of the Amazon S3 reference (Signature Calculations, PUT Object)', () => {
  const request = {
    method: 'PUT',
    path: '/test%24file.text',
    headers: {
      date: 'Fri, 24 May 2013 00:00:00 GMT',
      host: 'examplebucket.s3.amazonaws.com',
      'x-amz-storage-class': 'REDUCED_REDUNDANCY',
    },
    body: Buffer.from('Welcome to Amazon S3.'),
  };
  const signature = new SignV4(keys, 'us-east-1');
  const headers = signature.sign(request, Date.UTC(2013, 4, 24));
  expect(headers['x-amz-date']).toBe('20130524T000000Z');
  expect(headers.authorization).toBe(
    'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
      'SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, ' +
      'Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd',
  );
  // Another day has another key, and the first one comes back.
  expect(signature.sign(request, Date.UTC(2013, 4, 25)).authorization).not.toBe(headers.authorization);
  expect(signature.sign(request, Date.UTC(2013, 4, 24))).toEqual(headers);
});
