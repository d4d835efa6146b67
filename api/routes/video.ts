import { access } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import express, { Router } from 'express';
import { AppError } from '../../common/errors.ts';
import { isPlainPath } from '../../common/isPlainPath.ts';
import { signedMark } from '../../common/stream/signedMark.ts';
import type { PlaybackTokens } from '../auth/playbackTokens.ts';
import { onlyMethods } from '../http/onlyMethods.ts';

/** What may be played, and how long it may be kept: playlists change, a segment's name is never used for other bytes. */
const cacheControl = new Map([
  ['m3u8', 'no-cache'],
  ['jpg', 'public, max-age=10'],
  ['ts', 'public, max-age=31536000, immutable'],
]);

/** `[/<token>]/<stream_id>/<file>`, tested before it is decoded: an escape needs characters that no object of ours has. */
const OBJECT =
  /^(?:\/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+))?(\/([A-Za-z0-9_-]{1,64})\/[A-Za-z0-9_-]{1,128}\.([a-z0-9]{2,4}))$/;

/**
 * Local playback of file storage, for `/video`: right types, ranges, cache headers. No symbolic link is followed. A signed stream is played with a
 * token in front of its folder.
 */
export function videoRoutes(dir: string, tokens: PlaybackTokens): Router {
  const router = Router();
  const root = resolve(dir);
  const refuse = onlyMethods('GET', 'HEAD');
  router.use(async (request, response, next) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(request, response, next);
    const [, token, path = '', streamId = '', extension = ''] = OBJECT.exec(request.path) ?? [];
    if (token !== undefined) tokens.check(token, streamId);
    else if (streamId !== '' && (await isSigned(root, streamId))) throw missingToken(streamId);
    const isObject = cacheControl.has(extension) && (await isPlainPath(root, join(root, path)));
    if (!isObject) throw new AppError('not_found', 'there is no such file');
    request.url = path;
    next();
  });
  router.use(
    express.static(root, {
      index: false,
      redirect: false,
      dotfiles: 'ignore',
      fallthrough: false,
      cacheControl: false,
      setHeaders: (response, path) => {
        response.setHeader('Cache-Control', cacheControl.get(path.slice(path.lastIndexOf('.') + 1)) ?? 'no-store');
      },
    }),
  );
  return router;
}

const isSigned = (root: string, streamId: string): Promise<boolean> =>
  access(join(root, signedMark(streamId))).then(
    () => true,
    () => false,
  );

const missingToken = (streamId: string): AppError =>
  new AppError(
    'playback_token_missing',
    `stream "${streamId}" is signed: its path is /video/<token>/${streamId}/<file>`,
  );
