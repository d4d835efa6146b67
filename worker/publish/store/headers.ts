/** How objects are served (research: a CDN caches by these; nothing else makes a live playlist fresh). */
export const headers = {
  segment: { contentType: 'video/mp2t', cacheControl: 'public, max-age=31536000, immutable' },
  playlist: { contentType: 'application/vnd.apple.mpegurl', cacheControl: 'no-cache' },
  poster: { contentType: 'image/jpeg', cacheControl: 'public, max-age=10' },
} as const;
