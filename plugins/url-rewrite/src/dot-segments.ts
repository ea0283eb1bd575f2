// May anybody still resolve `.` or `..` in a path that a rule has built?

const ENCODED_DOTS = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:[;/\\]|%3b|%2f|%5c|$)/i

/** Whether any segment of an encoded path is `.` or `..`, however it is written; a backslash separates segments too. */
export const isEncodedWithDots = (path: string): boolean => ENCODED_DOTS.test(path)
