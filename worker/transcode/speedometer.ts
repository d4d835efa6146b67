const windowMs = 10_000;

/** Seconds of media made per second over the last 10 s; FFmpeg's own `speed` is the mean since its start. */
export function speedometer(): (now: number, seconds: number) => number {
  const samples: { now: number; seconds: number }[] = [];
  return (now, seconds) => {
    samples.push({ now, seconds });
    while (samples.length > 2 && now - (samples[1]?.now ?? now) >= windowMs) samples.shift();
    const first = samples[0] ?? { now, seconds };
    return now > first.now ? (seconds - first.seconds) / ((now - first.now) / 1000) : 1;
  };
}
