// Which file was served? `request.servedFile`, written by static-content.

/** The fact `request.servedFile`: the file that answered a request, or why none did; null where no folder had one. */
export interface ServedFile {
  /** Behind the folder's root, with slashes; null where the request was refused. */
  readonly path: string | null
  /** IIS's substatus, e.g. 3 for 404.3. */
  readonly subStatusCode: number
}
