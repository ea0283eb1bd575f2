// What the READMEs of the examples say: each example is in the table, and has one command, which runs it.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import ts from 'typescript'
import { root } from '../packages.ts'
import { start } from '../program.ts'
import { commandOf, folderOf, script } from './started.ts'

const examples = join(root, 'examples')
const names = readdirSync(examples, { withFileTypes: true }).filter(one => one.isDirectory() && existsSync(join(folderOf(one.name), 'README.md'))).map(({ name }) => name)
const files = names.flatMap(name => readdirSync(folderOf(name)).filter(file => file.endsWith('.js')).map(file => `${name}/${file}`))

t.test('the table has each example', async t => {
  const table = readFileSync(join(examples, 'README.md'), 'utf8')
  t.same([...table.matchAll(/^\| \[`([\w-]+)`\]\(\1\/README\.md\) \|/gm)].map(([, name]) => name).sort(), names.sort())
  t.same(readdirSync(join(root, 'test', 'examples')).filter(file => file.endsWith('.test.ts') && file !== 'readmes.test.ts').sort(), names.map(name => `${name}.test.ts`), 'and each has its test')
})

for (const name of names) {
  t.test(`${name}: a README of 10 to 30 lines with one command, and what it links to is there`, async t => {
    t.equal(commandOf(name), `npm run example ${name}`)
    const text = readFileSync(join(folderOf(name), 'README.md'), 'utf8')
    const lines = text.trimEnd().split('\n').length
    t.ok(lines >= 10 && lines <= 30, `${lines} lines`)
    for (const [, target = ''] of text.matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)) t.ok(existsSync(join(folderOf(name), target)), target)
  })
}

t.test('what an example imports, its README installs', async t => {
  for (const file of files) {
    const [name = ''] = file.split('/')
    const [, installed = ''] = /`npm i ([^`]+)`/.exec(readFileSync(join(folderOf(name), 'README.md'), 'utf8')) ?? []
    const imported = ts.preProcessFile(readFileSync(join(examples, file), 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName).filter(one => !/^node:|^\./.test(one))
    const packages = imported.map(one => one.split('/').slice(0, one.startsWith('@') ? 2 : 1).join('/'))
    t.same([...new Set(packages)].filter(one => !installed.split(' ').includes(one)), [], file)
    t.match(readFileSync(join(examples, file), 'utf8'), /^\/\/ .*\?/, 'its first line says which question it answers')
    t.ok(readFileSync(join(examples, file), 'utf8').split('\n').length <= 100, 'and it is short')
  }
})

t.test('a name that is no example is a sentence with those that are', async t => {
  t.setTimeout(240_000)
  const program = start(t, {}, () => [process.execPath, [...script, 'socketio']])
  t.match(await program.exit, { code: 1 })
  t.match(program.output(), `There is no example 'socketio'. npm run example NAME, where NAME is one of: ${names.sort().join(', ')}\n`)
})
