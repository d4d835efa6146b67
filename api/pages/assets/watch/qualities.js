/**
 * The choices of the quality picker; none where there is nothing to choose.
 * @param {{height?: number, bitrate?: number}[]} levels the ladder, in the player's order
 * @param {number} playing index of the level that is seen now; -1: not known
 * @returns {{value: string, text: string}[]} `auto` first, then the best. A level's value is its index
 */
export function qualityOptions(levels, playing) {
  if (levels.length < 2) return [];
  const named = levels.map((level, index) => ({ index, name: nameOf(level, levels), rank: rankOf(level) }));
  const ranked = named.toSorted((a, b) => b.rank - a.rank);
  const now = named[playing];
  return [
    { value: 'auto', text: now ? `Auto (${now.name})` : 'Auto' },
    ...ranked.map(({ index, name }) => ({ value: String(index), text: name })),
  ];
}

/** The level to begin with when the playlist is loaded again: the one of this height, else none. */
export const levelOfHeight = (levels, height) => levels.findIndex(level => level.height === height && height > 0);

const rankOf = ({ height = 0, bitrate = 0 }) => height * 1e9 + bitrate;
const rateOf = ({ bitrate = 0 }) => `${(bitrate / 1e6).toFixed(1)} Mbit/s`;

/** Two levels of one height are told apart by their rates. */
function nameOf(level, levels) {
  if (!level.height) return rateOf(level);
  const isOnly = levels.filter(({ height }) => height === level.height).length === 1;
  return isOnly ? `${level.height}p` : `${level.height}p, ${rateOf(level)}`;
}
