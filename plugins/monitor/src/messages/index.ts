// What does the server tell the page?
export type * from './now.ts'
export type * from './exchanges.ts'
export type * from './web-sockets.ts'
export type * from './configuration.ts'
export type * from './traces.ts'
export type * from './findings.ts'
export type * from './workers.ts'
export type * from './stream.ts'
