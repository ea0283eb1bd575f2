// Tags are read with bounded work and bounded memory, whatever a body contains.

import t from 'tap'
import { TagReader } from '../src/outbound/tags.ts'

const reading = (): TagReader => new TagReader(new Map([['a', new Set(['href'])]]), (_tag, _attribute, value) => value.replace('http://in/', 'http://out/'))

/** Counts the scanned characters: each outside of quotes is tested by a pattern for being a space. */
function steps (work: () => void): number {
  const { test } = RegExp.prototype
  let count = 0
  // eslint-disable-next-line no-extend-native
  RegExp.prototype.test = function (text) {
    count++
    return test.call(this, text)
  }
  try {
    work()
  } finally {
    // eslint-disable-next-line no-extend-native
    RegExp.prototype.test = test
  }
  return count
}

t.test('a tag that is too long is passed on at once, and each of its characters is scanned once', async t => {
  const reader = reading()
  const long = '<a'.repeat(40_000)
  let out = ''
  const count = steps(() => { out = reader.push(long) })
  t.equal(out, long)
  t.equal(reader.end(), '', 'nothing is held')
  t.ok(count > 0 && count <= long.length + 10, `${count} steps for ${long.length} characters`)
})

t.test('a tag in small chunks is put together, and each of its characters is scanned once', async t => {
  const reader = reading()
  const tag = `<a ${'x '.repeat(3000)}href="http://in/a">`
  let out = ''
  const count = steps(() => { for (const character of tag) out += reader.push(character) })
  t.equal(out, tag.replace('http://in/', 'http://out/'))
  t.ok(count > 0 && count <= tag.length + 10, `${count} steps for ${tag.length} characters`)
})

t.test('no more than 64 KiB of a tag is buffered', async t => {
  for (const filling of ['x', '"', "='", '<', '<a ']) {
    const reader = reading()
    const long = `<a ="${filling.repeat(100_000)}`
    let sent = 0
    let passed = ''
    let most = 0
    for (let at = 0; at < long.length; at += 1000) {
      const piece = long.slice(at, at + 1000)
      sent += piece.length
      passed += reader.push(piece)
      most = Math.max(most, sent - passed.length)
    }
    t.ok(most <= 65_536, `${most} held`)
    t.equal(passed + reader.end(), long)
  }
})

t.test('a tag that is too long is passed unread up to its end, whatever its chunks are; later tags are read', async t => {
  const page = `<a title='${'x'.repeat(70_000)}<a href="http://in/inside">' href="http://in/unread"><a href="http://in/read">` +
    `<script data-x="${'x'.repeat(70_000)}"><a href="http://in/script"></script ${'x'.repeat(70_000)}><a href="http://in/read">`
  for (const size of [1, 1000, 65_536, 65_537, 1_000_000]) {
    const reader = reading()
    let out = ''
    for (let at = 0; at < page.length; at += size) out += reader.push(page.slice(at, at + size))
    t.equal(out + reader.end(), page.replaceAll('http://in/read', 'http://out/read'), `${size} at a time`)
  }
})

t.test('a tag that never ends is passed on unchanged', async t => {
  const reader = reading()
  t.equal(reader.push('<p><a href="http://in/a'), '<p>')
  t.equal(reader.push('b" x'), '')
  t.equal(reader.end(), '<a href="http://in/ab" x')
})
