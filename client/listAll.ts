/** One page of a list. No `next_cursor`: it is the last one. */
interface Page<Item> {
  data: Item[];
  next_cursor?: string | null;
}

/** The items of a list, page after page; the next page is asked for when its first item is. */
export async function* listAll<Item>(ask: (page: { cursor?: string }) => Promise<Page<Item>>): AsyncGenerator<Item> {
  let cursor: string | null | undefined;
  do {
    const page = await ask(cursor ? { cursor } : {});
    yield* page.data;
    cursor = page.next_cursor;
  } while (cursor);
}
