// What does the file that is served as `vendor/htm-preact.js` export? For the type checker only.
export * from 'preact'
export * from 'preact/hooks'
export { html } from 'htm/preact'
