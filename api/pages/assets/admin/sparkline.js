import { html, svg } from '/assets/lit-html/lit-html.js';

const WIDTH = 120;
const HEIGHT = 28;

/** A small line of the latest values, oldest first. Its label says the newest. @param slots values that fit across */
export function sparkline(values, { label, slots = 60 }) {
  const top = Math.max(...values, 1);
  const step = WIDTH / (slots - 1);
  const left = WIDTH - (values.length - 1) * step;
  const points = values.map((value, i) => `${(left + i * step).toFixed(1)},${y(value / top)}`);
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label=${label} preserveAspectRatio="none">
    ${points.length > 1 ? svg`<polyline points=${points.join(' ')} vector-effect="non-scaling-stroke" />` : null}
  </svg>`;
}

const y = share => (HEIGHT - 2 - share * (HEIGHT - 4)).toFixed(1);
