// Runs in the watch page (latencyProbe.ts): reads the clock source's pictures off the video. The value of this script is a function.
({ width, height, block, columns, top, bits }) => {
  const SAMPLE_MS = 200;
  const STALL_MS = 300;
  const video = document.getElementById('video');
  const canvas = Object.assign(document.createElement('canvas'), { width, height });
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (window.probe) window.probe.stop = true;
  const probe = { ms: [], stalls: 0, longest: 0, sampledAt: 0, shownAt: performance.now(), stop: false };
  window.probe = probe;

  /** What the blocks say; undefined when they do not agree with their check sum. */
  const read = () => {
    context.drawImage(video, 0, 0, width, height);
    const { data } = context.getImageData(0, 0, width, height);
    let word = 0;
    for (let bit = 0; bit < 32; bit += 1) {
      const x = (bit % columns) * block + block / 2;
      const y = top + Math.floor(bit / columns) * block + block / 2;
      word = word * 2 + (data[(y * width + x) * 4] > 127 ? 1 : 0);
    }
    const time = Math.floor(word / 64);
    return word % 64 === time % 61 ? time : undefined;
  };

  const onFrame = () => {
    if (probe.stop) return;
    const now = performance.now();
    const stood = now - probe.shownAt;
    if (stood >= STALL_MS) probe.stalls += 1;
    probe.longest = Math.max(probe.longest, stood);
    probe.shownAt = now;
    if (now - probe.sampledAt >= SAMPLE_MS) {
      const time = read();
      const shown = Date.now() % 2 ** bits;
      if (time !== undefined) probe.ms.push((shown - time + 2 ** bits) % 2 ** bits);
      probe.sampledAt = now;
    }
    video.requestVideoFrameCallback(onFrame);
  };
  video.requestVideoFrameCallback(onFrame);
};
