// What does the file that is served as `vendor/uPlot.js` export? For the type checker only.
export { default } from 'uplot'
