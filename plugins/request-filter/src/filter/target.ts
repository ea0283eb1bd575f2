// What does a request ask for? Its target, cut into the parts that filters look at.

/** A request's target. */
export interface Target {
  /** As it came, without the query. */
  readonly rawPath: string
  /** As it came, behind the `?`; empty where there is none. */
  readonly rawQuery: string
  /** The path decoded once and normalised, as IIS sees it. */
  readonly path: string
}

export function targetOf (url: string): Target {
  const mark = url.indexOf('?')
  const rawPath = mark === -1 ? url : url.slice(0, mark)
  return { rawPath, rawQuery: mark === -1 ? '' : url.slice(mark + 1), path: rawPath }
}
