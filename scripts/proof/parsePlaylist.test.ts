import { expect, test } from 'vitest';
import { parsePlaylist } from './parsePlaylist.ts';

test('a media playlist: segments in order, gaps left out, the end seen', () => {
  const text = `#EXTM3U
#EXT-X-TARGETDURATION:4
#EXTINF:2.0,
demo_000.ts
#EXT-X-GAP
#EXTINF:4.0,
demo_001.ts
#EXTINF:4.0,
https://cdn.example/demo_002.ts
#EXT-X-ENDLIST
`;
  expect(parsePlaylist(text, 'https://localhost:8080/video/demo/demo.m3u8')).toEqual({
    segments: ['https://localhost:8080/video/demo/demo_000.ts', 'https://cdn.example/demo_002.ts'],
    variants: [],
    ended: true,
  });
});

test('a multivariant playlist: media playlists with the sizes that it promises', () => {
  const text = `#EXTM3U\r
#EXT-X-STREAM-INF:BANDWIDTH=1,RESOLUTION=1920x1080,CODECS="avc1,mp4a"\r
demo_0.m3u8\r
#EXT-X-STREAM-INF:BANDWIDTH=1\r
demo_1.m3u8\r
`;
  expect(parsePlaylist(text, 'https://h/demo/demo_master.m3u8')).toEqual({
    segments: [],
    variants: [
      { url: 'https://h/demo/demo_0.m3u8', resolution: '1920x1080' },
      { url: 'https://h/demo/demo_1.m3u8', resolution: undefined },
    ],
    ended: false,
  });
});

test('an error page is not a playlist', () => {
  expect(() => parsePlaylist('<html>', 'https://h/x')).toThrow('https://h/x is not a playlist');
});
