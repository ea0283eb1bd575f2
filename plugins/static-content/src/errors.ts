// What can go wrong here? Every error of the package, with its stable code.
import { createError } from '@fastify/error'

/** The options hold mistakes; the message lists all of them. */
export const InvalidOptionsError = createError<[string]>('FST_ARR_STATIC_INVALID_OPTIONS', 'static-content: %s', 500, TypeError)

/** Why a file is not served, with IIS's substatus. The messages name nothing of the file system. */
export const REFUSALS = {
  /** 403.14: a folder without a default document; folders are never listed. */
  NoListing: { subStatusCode: 14, Refusal: createError('FST_ARR_STATIC_NO_LISTING', 'This folder has no page', 403) },
  /** 404.0 */
  NotFound: { subStatusCode: 0, Refusal: createError('FST_ARR_STATIC_NOT_FOUND', 'There is no such file', 404) },
  /** 404.3: no media type is known for the file's extension. */
  NoMediaType: { subStatusCode: 3, Refusal: createError('FST_ARR_STATIC_NO_MEDIA_TYPE', 'Files of this kind are not served', 404) },
  /** 404.7: the extension is one of `hiddenExtensions`. */
  HiddenExtension: { subStatusCode: 7, Refusal: createError('FST_ARR_STATIC_HIDDEN_EXTENSION', 'Files of this kind are not served', 404) },
  /** 404.8: a segment of the path is one of `hiddenSegments`. */
  HiddenSegment: { subStatusCode: 8, Refusal: createError('FST_ARR_STATIC_HIDDEN_SEGMENT', 'This path is not served', 404) }
} as const

export type RefusalName = keyof typeof REFUSALS
