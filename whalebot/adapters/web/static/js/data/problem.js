// @ts-check
/** A refusal or a failure of the server, as it is told to a person. */

/** @typedef {{status: number, title: string, detail?: string, code?: string, field?: string, problems?: {path: string, text: string}[]}} ProblemBody */

export class Problem extends Error {
  /** @param {ProblemBody} body */
  constructor(body) {
    super(body.detail || body.title);
    this.status = body.status;
    this.title = body.title;
    this.code = body.code || '';
    this.field = body.field || '';
    /** @type {{path: string, text: string}[]} */
    this.problems = body.problems || [];
  }

  /** The server could not be reached at all. */
  get isOffline() {
    return this.status === 0;
  }
}

/** @param {Response} response @returns {Promise<Problem>} */
export async function problemOf(response) {
  const fallback = { status: response.status, title: `The server answered ${response.status}.` };
  try {
    const body = await response.json();
    return new Problem({ ...fallback, ...body, status: response.status });
  } catch {
    return new Problem(fallback);
  }
}

/** @returns {Problem} */
export function offlineProblem() {
  return new Problem({ status: 0, title: 'Whalebot does not answer.', detail: 'Whalebot does not answer. It may be stopped, or this device has lost its connection.' });
}

/** What to say of any error, in one sentence. @param {unknown} error @returns {string} */
export function told(error) {
  if (error instanceof Problem && error.status === 429) return 'Too many requests at once. Try again in a moment.';
  return error instanceof Error ? error.message : String(error);
}
