/** All that FFmpeg gets of an environment: no secret of the worker's reaches it. */
export const ffmpegEnvironment = {
  PATH: '/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin:/home/linuxbrew/.linuxbrew/bin',
} as const;
