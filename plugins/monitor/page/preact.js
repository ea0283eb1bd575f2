// Which library draws the page? Preact with htm, in one file.
export * from '../vendor/htm-preact.js'
