import { ViewerReport } from './viewerReport.js';

const WATCHES = new Set(['playing', 'stalled']);

/**
 * Reports how playing goes (viewerReport.js), at the first picture, then as often as the server asks for, and when the page is left.
 * @param {string} id the stream's
 * @param {object} of
 * @param {import('./player.js').Player} of.player
 * @param {() => {seconds: number, share: number} | undefined} of.asked what the server wants; undefined: nothing
 * @returns {{joined(ms: number): void}} to be called at the first picture
 */
export function sendReports(id, { player, asked }) {
  const report = new ViewerReport(Math.random());
  const url = `/watch/${encodeURIComponent(id)}/beacon`;

  function send() {
    const wanted = asked();
    if (!wanted || !report.isIn(wanted.share) || !WATCHES.has(player.state)) return;
    const next = report.next({ stalls: player.stalls.count, errors: player.counts.fatalErrors });
    navigator.sendBeacon(url, JSON.stringify(next));
  }

  function later() {
    setTimeout(
      () => {
        send();
        later();
      },
      (asked()?.seconds ?? 15) * 1_000,
    );
  }
  later();
  addEventListener('pagehide', send);
  return {
    joined(ms) {
      report.joined(ms);
      send();
    },
  };
}
