/** What each step of a session's end may take (ms). A late step goes on in the background; the end does not wait for it. */
export const endDeadlines = { ingest: 5_000, port: 3_000, output: 18_000, lease: 7_000 } as const;
