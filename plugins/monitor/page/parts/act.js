// How does the page ask the server to do something? By a POST with a header that no form of another page can send.

/**
 * @param {string} path e.g. `close`
 * @param {unknown} body
 * @returns {Promise<any>} what was answered; rejects with a sentence where it was refused
 */
export async function act (path, body) {
  const response = await fetch(path, { method: 'POST', headers: { 'content-type': 'application/json', 'x-fastify-arr-monitor': '1' }, body: JSON.stringify(body) })
  const answer = await response.json().catch(() => null)
  if (!response.ok) throw new Error(answer?.message ?? `${response.status} ${response.statusText}`)
  return answer
}
