// Which page does an error get? By its substatus, by its status, or the one for all others; read where it is a file.
import { STATUS_CODES } from 'node:http'
import { join } from 'node:path'
import { mime } from '@fastify/send'
import type { FilePage, PageOptions } from '../options.ts'
import { byLanguage } from './languages.ts'
import type { PageFiles } from './page-files.ts'

/** A page as it is sent. */
export type Page = { readonly body: Buffer, readonly type: string } | { readonly redirect: string }

const TEXT = /^text\/|^application\/(?:javascript|json|xml)$|\+xml$/
const HTML = 'text/html; charset=utf-8'

/** The pages for a status: that of the substatus goes first, `*` last. */
export function pagesFor (pages: ReadonlyMap<string, PageOptions>, status: number, subStatus: number): PageOptions[] {
  return [`${status}.${subStatus}`, String(status), '*'].flatMap(key => pages.get(key) ?? [])
}

/** A page that needs no file: the status and its name. */
export function lineFor (status: number): Page {
  return { body: Buffer.from(`${status} ${STATUS_CODES[status] ?? ''}`.trim()), type: 'text/plain; charset=utf-8' }
}

/** Gets a page ready; null where its file can't be read. */
export async function ready (page: PageOptions, files: PageFiles, acceptLanguage: string | undefined): Promise<Page | null> {
  if ('redirect' in page) return page
  if ('text' in page) return { body: Buffer.from(page.text), type: page.type ?? HTML }
  const body = await bodyOf(page, files, acceptLanguage)
  return body === null ? null : { body, type: typeOf(page.file) }
}

async function bodyOf ({ file, languages }: FilePage, files: PageFiles, acceptLanguage: string | undefined): Promise<Buffer | null> {
  if (languages === undefined) return await files.read(file)
  const parts = file.split(/[/\\]/)
  for (const folder of byLanguage(await files.foldersIn(languages), acceptLanguage)) {
    const body = await files.read(join(languages, folder, ...parts))
    if (body !== null) return body
  }
  return await files.read(join(languages, ...parts))
}

function typeOf (file: string): string {
  const type = /\.[^./\\]+$/.test(file) ? mime.getType(file) : null
  if (type === null) return HTML
  return TEXT.test(type) ? `${type}; charset=utf-8` : type
}
