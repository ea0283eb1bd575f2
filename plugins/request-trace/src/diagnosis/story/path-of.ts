// Which path does a URL have? Without the query: findings are read in logs and pages, too.

export function pathOf (url: string): string {
  return (url.replace(/^[a-z]+:\/\/[^/?#]*/i, '').split(/[?#]/)[0] as string) || '/'
}
