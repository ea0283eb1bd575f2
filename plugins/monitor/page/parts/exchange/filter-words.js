// What may be typed into the box above a list?

/** Words of a filter, and what they mean. @type {ReadonlyArray<readonly [string, string]>} */
export const FILTER_WORDS = [
  ['shop', 'has this anywhere'],
  ['host:shop path:/api', 'this host, and this in the path'],
  ['status:5xx status:400-499', 'statuses; 101 for WebSockets that opened'],
  ['client:10.0. site:Shop', 'the client, the site'],
  ['rule:"to the backend"', 'the rule that rewrote it'],
  ['upstream:8080 farm:chat server:10.0.0.1', 'where it went'],
  ['method:POST ua:curl', 'the method, the User-Agent'],
  ['error:TIMEOUT', 'the code of the error'],
  ['ws close:1006 close:none', 'WebSockets, by how they ended'],
  ['time:>100', 'that took longer, in ms'],
  ['worker:2', 'of the worker with this number or process id, where there are several'],
  ['-path:/health', 'without these']
]
