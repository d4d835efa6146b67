import { position, seconds } from './timeText.js';

/**
 * The seek bar over what can be played.
 * @param {object} facts
 * @param {{start: number, end: number}} facts.range what can be played, in the video's time (s)
 * @param {number} facts.time where the picture is
 * @param {number | undefined} facts.sync where a live viewer is; undefined: not live
 * @returns {{min: number, max: number, value: number, text: string, spoken: string}}
 */
export function seekBarOf({ range, time, sync }) {
  const max = Math.max(range.start, sync ?? range.end);
  const value = Math.min(Math.max(time, range.start), max);
  const isLive = sync !== undefined;
  const behind = max - value;
  if (!isLive) {
    const text = `${position(value - range.start)} / ${position(max - range.start)}`;
    return {
      min: range.start,
      max,
      value,
      text,
      spoken: `${seconds(value - range.start)} of ${seconds(max - range.start)}`,
    };
  }
  const atEdge = behind < 1;
  const text = atEdge ? 'Live' : `−${position(behind)}`;
  return { min: range.start, max, value, text, spoken: atEdge ? 'live' : `${seconds(behind)} before live` };
}
