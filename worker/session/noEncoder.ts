/** Fields of the record that are left empty without an encoder: how the stream was with one is not how it is. */
export const noEncoder = { health: '', source: '' };
