// Which worker is this process? For filters that ask for one.

/** `number` is null where this process serves alone. */
export const thisWorker: { number: number | null, readonly pid: number } = { number: null, pid: process.pid }
