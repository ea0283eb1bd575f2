// What is answered to one request? Sent with the headers that the test names, and no others.
import { request, type IncomingHttpHeaders } from 'node:http'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/** Asks `url` on a connection of its own. */
export async function ask (url: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Answer> {
  return await new Promise((resolve, reject) => {
    const asking = request(url, { method, headers, agent: false }, response => {
      let text = ''
      response.setEncoding('utf8').on('data', (part: string) => { text += part }).on('error', reject)
      response.on('end', () => { resolve({ status: response.statusCode as number, headers: response.headers, body: text }) })
    })
    asking.on('error', reject)
    asking.end(body)
  })
}

/** What an action needs. */
export const ACTION = { 'x-fastify-arr-monitor': '1', 'content-type': 'application/json' } as const
