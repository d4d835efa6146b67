import uPlot from '/assets/uplot/uPlot.esm.js';

const WINDOW_SECONDS = 900;

/** What each chart shows: lines by the sample's field, all of one unit. */
export const chartList = [
  { title: 'Bit rate', unit: 'kbit/s', lines: [['From the encoder', 'receive_kbps']] },
  {
    title: 'Packets a second',
    unit: '',
    lines: [
      ['Lost on the way', 'packets_lost'],
      ['Too late for viewers', 'packets_dropped'],
      ['Sent again', 'packets_retransmitted'],
    ],
  },
  {
    title: 'Delay',
    unit: 'ms',
    lines: [
      ['Round trip', 'rtt_ms'],
      ['Receive buffer', 'buffer_ms'],
    ],
  },
  { title: 'Encoding speed', unit: '×', lines: [['Media per second', 'speed']] },
  { title: 'Closed to listed', unit: 'ms', lines: [['Slowest segment', 'listing_lag_ms']], dots: true },
];

/** One chart of the last 15 minutes. Follows the width of its place and the reader's colours. `set(samples)`, `destroy()`. */
export class Chart {
  #plot;
  #spec;
  #place;
  #resize;
  #dark = matchMedia('(prefers-color-scheme: dark)');
  #samples = [];
  #repaint = () => this.#draw();

  constructor(place, spec) {
    this.#place = place;
    this.#spec = spec;
    this.#draw();
    this.#resize = new ResizeObserver(([entry]) =>
      this.#plot?.setSize({ width: Math.floor(entry.contentRect.width), height: 160 }),
    );
    this.#resize.observe(place);
    this.#dark.addEventListener('change', this.#repaint);
  }

  set(samples) {
    this.#samples = samples;
    this.#plot?.setData(this.#data());
  }

  destroy() {
    this.#resize.disconnect();
    this.#dark.removeEventListener('change', this.#repaint);
    this.#plot?.destroy();
  }

  #draw() {
    this.#plot?.destroy();
    this.#plot = new uPlot(this.#options(), this.#data(), this.#place);
  }

  #data() {
    const times = this.#samples.map(({ time }) => Date.parse(time) / 1_000);
    const value = (sample, key) => (sample[key] === null || sample[key] < 0 ? null : sample[key]);
    return [times, ...this.#spec.lines.map(([, key]) => this.#samples.map(sample => value(sample, key)))];
  }

  #window() {
    const last = this.#samples.at(-1)?.time;
    const end = (last === undefined ? Date.now() : Date.parse(last)) / 1_000;
    return [end - WINDOW_SECONDS, end];
  }

  #options() {
    const style = getComputedStyle(document.documentElement);
    const colour = name => style.getPropertyValue(name).trim();
    const palette = ['--accent', '--bad', '--warn'].map(colour);
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { show: false } };
    const { lines, unit, dots = false } = this.#spec;
    const series = lines.map(([label], i) => ({
      label,
      stroke: palette[i],
      width: 1.5,
      spanGaps: dots,
      points: { show: dots, size: 4 },
      value: (_plot, value) => (value === null ? '–' : `${Math.round(value * 100) / 100} ${unit}`.trim()),
    }));
    return {
      width: Math.max(200, Math.floor(this.#place.clientWidth)),
      height: 160,
      series: [
        { value: (_plot, time) => (time === null ? '–' : new Date(time * 1_000).toLocaleTimeString()) },
        ...series,
      ],
      axes: [axis, { ...axis, size: 56 }],
      scales: {
        x: { range: () => this.#window() },
        y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] },
      },
      cursor: { drag: { x: false, y: false } },
    };
  }
}
