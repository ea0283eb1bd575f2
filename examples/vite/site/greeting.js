// What does the page say? Change it while the page is open.
export const greeting = 'hello'
