const actions = new Map([
  [' ', 'playOrPause'],
  ['k', 'playOrPause'],
  ['m', 'mute'],
  ['f', 'fullscreen'],
  ['l', 'goLive'],
  ['ArrowLeft', 'back'],
  ['ArrowRight', 'forward'],
]);

/** Of some elements, the keys that they need themselves. */
const ownKeys = new Map([
  ['BUTTON', [' ']],
  ['INPUT', [...actions.keys()]],
  ['SELECT', [...actions.keys()]],
]);

/**
 * What a key does to the player; undefined: nothing.
 * @param {{key: string, ctrlKey: boolean, metaKey: boolean, altKey: boolean, target?: {tagName?: string} | null}} event
 */
export function actionOf({ key, ctrlKey, metaKey, altKey, target }) {
  if (ctrlKey || metaKey || altKey) return undefined;
  if (ownKeys.get(target?.tagName ?? '')?.includes(key)) return undefined;
  return actions.get(key.length === 1 ? key.toLowerCase() : key);
}
