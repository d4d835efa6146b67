/** What a path under /live asks for. */
export interface LivePath {
  /** Of a viewer, where the path has one. Not checked yet. */
  token: string | undefined;
  streamId: string;
  /** '': nothing; the path asks whether the viewer may play the stream. */
  file: string;
  kind: 'check' | 'multivariant' | 'playlist' | 'segment' | 'part';
}

/** `/live[/<token>]/<stream_id>/[<file>]`. A token has dots, a stream id has none. Tested undecoded: no name of ours needs an escape. */
const PATH =
  /^\/live(?:\/([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+))?\/([A-Za-z0-9_-]{1,64})\/([A-Za-z0-9_.-]{0,128})$/;

const MASTER = /^_master\.m3u8$/;
const PLAYLIST = /^(?:_\d{1,2})?\.m3u8$/;
const PART = /^(?:_\d{1,2})?_p[A-Za-z0-9_-]{1,40}\.(?:ts|m4s|mp4)$/;
const SEGMENT = /^(?:_\d{1,2})?_\d{3,15}\.(?:ts|m4s|mp4)$/;

/** Undefined: nothing of ours has such a path. `path` has no query. */
export function parseLivePath(path: string): LivePath | undefined {
  const [, token, streamId = '', file = ''] = PATH.exec(path) ?? [];
  if (streamId === '') return undefined;
  if (file === '') return { token, streamId, file, kind: 'check' };
  if (!file.startsWith(streamId)) return undefined;
  const kind = kindOf(file.slice(streamId.length));
  return kind && { token, streamId, file, kind };
}

function kindOf(rest: string): LivePath['kind'] | undefined {
  if (PLAYLIST.test(rest)) return 'playlist';
  if (MASTER.test(rest)) return 'multivariant';
  if (SEGMENT.test(rest)) return 'segment';
  return PART.test(rest) ? 'part' : undefined;
}
