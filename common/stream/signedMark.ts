/**
 * The key of the object in the store that says that a stream is signed: what serves the bucket's objects asks for a viewer's token where it is there.
 * It is beside the streams' folders, so it stays when a stream's objects go.
 */
export const signedMark = (streamId: string): string => `livetran.signed/${streamId}`;
