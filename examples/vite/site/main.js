// What is shown? The greeting, and a new one without a reload when its file changes.
import { greeting } from './greeting.js'

const show = text => { document.querySelector('h1').textContent = text }
show(greeting)
import.meta.hot?.accept('./greeting.js', changed => { show(changed.greeting) })
