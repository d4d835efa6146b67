const two = number => String(number).padStart(2, '0');

/** Seconds in words: `1.4 s`, `6 s`, `2 min 05 s`, `1 h 02 min`. */
export function seconds(value) {
  if (value < 2.95) return `${value.toFixed(1)} s`;
  const whole = Math.round(value);
  if (whole < 60) return `${whole} s`;
  if (whole < 3_600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3_600)} h ${two(Math.floor(whole / 60) % 60)} min`;
}

/** A position as on a clock: `0:05`, `12:34`, `1:02:03`. */
export function position(value) {
  const whole = Math.max(0, Math.floor(value));
  const rest = `${two(whole % 60)}`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`;
}
