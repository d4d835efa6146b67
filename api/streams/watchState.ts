import { isLadder } from '../../common/stream/streamProfile.ts';
import type { StreamRecord } from '../../common/stream/streamRecord.ts';
import { BEACON_SECONDS } from '../viewers/viewerBeacon.ts';

/** What public links are made of. */
export interface PublicLinks {
  /** Of the store. */
  publicUrl: string;
  /** Whether this process serves the store's files under /video. */
  local: boolean;
  /** Whether workers make posters (POSTERS). */
  posters: boolean;
}

/**
 * What a viewer's page is told of a stream: `GET /watch/<stream_id>/state`. Nothing in it is secret.
 * @param options share of the viewers that is to report, 0 to 1; the viewer's token, for a signed stream
 */
export function watchState(
  record: StreamRecord,
  links: PublicLinks,
  { share, token }: { share: number; token: string | undefined },
) {
  const { streamId, state, latency, dvr } = record;
  const place = record.playback === 'signed' ? `${token}/${streamId}` : streamId;
  const placed = (url: string | undefined): string | null =>
    url === undefined
      ? null
      : url.slice(0, url.lastIndexOf(`/${streamId}/`) + 1) + place + url.slice(url.lastIndexOf('/'));
  const [playlistUrl, recordingUrl] = [placed(record.streamLink), placed(record.recordingLink)];
  const isLive = latency === 'low' && state !== 'STOPPED' && playlistUrl !== null;
  return {
    ...{ state, title: record.title || null, latency, dvr },
    ...{ playlistUrl, localPath: localPath(playlistUrl, links) },
    // Of the low-latency playlist; by whichever name of this host the page was opened.
    livePath: isLive ? `/live/${place}/${streamId}${isLadder(record.profile) ? '_master' : ''}.m3u8` : null,
    ...{ recordingUrl, recordingPath: localPath(recordingUrl, links) },
    // Beside the playlist, whichever of its addresses is used.
    poster: links.posters ? 'poster.jpg' : null,
    // The page measures its latency by the server's clock.
    time: Date.now(),
    beacon: { seconds: BEACON_SECONDS, share },
  };
}

/** A page opened by another name of this host (a phone in the LAN) reaches the store by that name as well. */
function localPath(url: string | null, { publicUrl, local }: PublicLinks): string | null {
  return local && url?.startsWith(`${publicUrl}/`) ? `/video${url.slice(publicUrl.length)}` : null;
}
