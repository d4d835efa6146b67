const DAY = 86_400;

/** Seconds as people say them: `42 s`, `3 min 05 s`, `2 h 10 min`, `4 d 3 h`. */
export function duration(seconds) {
  const s = Math.max(0, Math.floor(seconds));
  if (s < 60) return `${s} s`;
  if (s < 3_600) return `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, '0')} s`;
  if (s < DAY) return `${Math.floor(s / 3_600)} h ${String(Math.floor(s / 60) % 60).padStart(2, '0')} min`;
  return `${Math.floor(s / DAY)} d ${Math.floor(s / 3_600) % 24} h`;
}

/** The same for a list, where a minute more or less says nothing: `42 s`, `3 min`, `2 h 10 min`. */
export const age = seconds => (seconds < 3_600 ? duration(seconds).replace(/ \d\d s$/, '') : duration(seconds));

/** kbit/s, as Mbit/s from a thousand on. */
export const bitRate = kbps => (kbps >= 1_000 ? `${(kbps / 1_000).toFixed(1)} Mbit/s` : `${Math.round(kbps)} kbit/s`);

export const milliseconds = ms => (ms >= 1_000 ? `${(ms / 1_000).toFixed(1)} s` : `${Math.round(ms)} ms`);

export const percent = share => `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;

export const bytes = count => (count >= 1e9 ? `${(count / 1e9).toFixed(1)} GB` : `${Math.round(count / 1e6)} MB`);

/** An ISO 8601 time in the reader's zone: the time alone for today, else with the date. */
export function clock(iso) {
  const time = new Date(iso);
  const isToday = time.toDateString() === new Date().toDateString();
  return isToday ? time.toLocaleTimeString() : time.toLocaleString();
}

export const secondsSince = iso => (Date.now() - Date.parse(iso)) / 1_000;
