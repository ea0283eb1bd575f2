// Which example runs? `npm run example NAME`: on the packages' sources, so that nothing has to be built.
import { existsSync, readdirSync } from 'node:fs'

const fileOf = name => ['server.js', 'validate.js'].map(file => new URL(`${name}/${file}`, import.meta.url)).find(file => existsSync(file))
const names = readdirSync(import.meta.dirname).filter(name => fileOf(name) !== undefined)
const [, , name] = process.argv

if (names.includes(name)) {
  await import(fileOf(name).href)
} else {
  console.error(`${name === undefined ? 'Which example?' : `There is no example '${name}'.`} npm run example NAME, where NAME is one of: ${names.join(', ')}`)
  process.exitCode = 1
}
