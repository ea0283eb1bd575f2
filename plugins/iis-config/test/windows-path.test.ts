import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'tap'
import { givenFile } from '../src/server/folders/given-file.ts'
import { isWindowsPath, rootsOf } from '../src/server/folders/roots.ts'
import { expanded, partsOf } from '../src/server/folders/windows-path.ts'

test('a path of Windows is its drive or server and its folders, however it is written', async t => {
  for (const [path, parts] of [
    ['C:\\inetpub\\wwwroot', ['C:', 'inetpub', 'wwwroot']],
    ['c:/inetpub//wwwroot/', ['c:', 'inetpub', 'wwwroot']],
    ['C:\\a\\..\\b\\.\\c', ['C:', 'b', 'c']],
    ['C:', ['C:']],
    ['C:\\', ['C:']],
    ['\\\\?\\C:\\a', ['C:', 'a']],
    ['\\\\server\\share\\a', ['\\\\server', 'share', 'a']],
    ['//server/share', ['\\\\server', 'share']],
    ['%SITES%\\a', ['%SITES%', 'a']],
    ['inetpub', null],
    ['C:inetpub', null],
    ['/srv/www', null],
    ['..\\..\\etc', null],
    ['', null]
  ] as const) t.strictSame(partsOf(path), parts, path)
})

test('references to the environment are replaced, whatever their case; one that is not known stays', async t => {
  t.equal(expanded('%systemdrive%\\inetpub', {}), 'C:\\inetpub')
  t.equal(expanded('%SystemDrive%\\%Own%\\%none%', { SYSTEMDRIVE: 'E:', own: 'x' }), 'E:\\x\\%none%')
  t.equal(expanded('%constructor%', {}), '%constructor%')
})

test('a folder of the server is found below the longest root, without regard to case', async t => {
  const folder = t.testdir()
  for (const name of ['c/Web/Site', 'web/site', 'share/a', 'sites/one']) mkdirSync(join(folder, name), { recursive: true })
  const folderOf = rootsOf([['C:\\', join(folder, 'c')], ['c:\\WEB', join(folder, 'web')], ['\\\\Server\\share', join(folder, 'share')], ['%SITES%', join(folder, 'sites')], ['%SystemDrive%\\gone', join(folder, 'gone')]])
  t.equal(folderOf('C:\\web\\SITE'), join(folder, 'web', 'site'))
  t.equal(folderOf('C:\\Web'), join(folder, 'web'))
  t.equal(folderOf('c:\\'), join(folder, 'c'))
  t.equal(folderOf('\\\\SERVER\\Share\\A'), join(folder, 'share', 'a'))
  t.equal(folderOf('%sites%\\one'), join(folder, 'sites', 'one'))
  for (const path of ['C:\\Webs', 'D:\\web', 'C:\\web\\site\\gone', 'C:\\web\\..\\..\\..\\etc', '%other%\\one', '\\\\server\\other', '']) t.equal(folderOf(path), null, path)
  t.ok(isWindowsPath('D:'))
  t.notOk(isWindowsPath('/srv'))
})

test('a text is a file, or a place and a file: the first = splits, and the colon of a drive is no site', async t => {
  for (const [text, place, file] of [
    ['web.config', null, 'web.config'],
    ['C:\\copy\\web.config', null, 'C:\\copy\\web.config'],
    ['C:\\a=b\\web.config', null, 'C:\\a=b\\web.config'],
    ['./a=b/web.config', null, './a=b/web.config'],
    ['shop=C:\\a=b\\web.config', { site: 'shop', path: '/' }, 'C:\\a=b\\web.config'],
    ['Default Web Site/app/in/=web.config', { site: 'Default Web Site', path: '/app/in' }, 'web.config'],
    ['shop.example=web.config', { site: 'shop.example', path: '/' }, 'web.config'],
    ['/app=web.config', { site: null, path: '/app' }, 'web.config'],
    ['shop=', null, 'shop='],
    ['=web.config', null, '=web.config']
  ] as const) t.strictSame(givenFile(text), { file, place }, text)
})
