// What does a client get in place of a file? The page that the folder has for the status, or an error for Fastify's error handling.
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { FastifyReply } from 'fastify'
import { REFUSALS, type RefusalName } from '../errors.ts'
import type { Folder } from '../folders/folder.ts'

/** Refuses a request; `404.3` goes before `404` in the folder's pages. */
export async function refuse (reply: FastifyReply, folder: Folder, name: RefusalName): Promise<void> {
  const { subStatusCode, Refusal } = REFUSALS[name]
  const error = new Refusal()
  const status = error.statusCode as number
  const page = folder.errorPages.get(`${status}.${subStatusCode}`) ?? folder.errorPages.get(String(status))
  if (page !== undefined && 'redirect' in page) {
    reply.redirect(page.redirect, 302)
    return
  }
  const body = page === undefined ? null : await readFile(page.file).catch(() => null)
  if (page === undefined || body === null) {
    reply.send(error)
    return
  }
  reply.code(status).type(folder.mediaTypes.of(basename(page.file)) ?? 'text/html; charset=utf-8').header('cache-control', 'no-store').send(body)
}
