import { ApiError } from './apiError.ts';

/** An answer's body as JSON. Throws ApiError when it is not JSON: then another server answered. */
export async function readJson(response: Response): Promise<object> {
  const text = await response.text();
  try {
    return JSON.parse(text) as object;
  } catch {
    const detail = `the answer (HTTP status ${response.status}) is not Livetran's; check the URL`;
    throw new ApiError(response.status, response.headers, { detail });
  }
}
