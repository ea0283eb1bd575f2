// Certificates by themselves, as a setting of the app: `CERTIFICATES=acme:MAIL`.
import { join } from 'node:path'
import t from 'tap'
import { acmeOf, isAcme } from '../start/settings/acme.ts'
import { start } from './program.ts'

t.setTimeout(240_000)

t.test('an entry names the mail address, and the CA where it is not Let\'s Encrypt', async t => {
  const common = { email: 'admin@reverseproxy.com', agreeToTerms: true, folder: join('kept', 'acme') }
  t.same(acmeOf(['www.shop.pfx', 'acme:admin@reverseproxy.com'], 'kept'), { ...common, directory: 'letsencrypt' })
  t.same(acmeOf(['acme:admin@reverseproxy.com,letsencrypt-staging'], 'kept'), { ...common, directory: 'letsencrypt-staging' })
  t.same(acmeOf(['ACME:admin@reverseproxy.com,https://ca.example/directory'], 'kept'), { ...common, directory: 'https://ca.example/directory' })
  t.equal(acmeOf(['www.shop.pfx', 'acme.example=a.pfx', 'acme.pfx'], 'kept'), null, 'a file or a host of that name is none')
  t.same(['acme', 'acme:a@b', 'acme/a.pfx', 'www=acme:a.pfx'].map(isAcme), [true, true, false, false])
})

t.test('an entry that cannot be used is a sentence that says how to write it', async t => {
  for (const [entries, told] of [
    [['acme'], '--certificate acme: write acme:MAIL, with the mail address that the CA may write to.'],
    [['acme:nobody'], '--certificate acme:nobody: write acme:MAIL, with the mail address that the CA may write to.'],
    [['acme:a@b.example,http://ca.example'], "--certificate acme:a@b.example,http://ca.example: behind the mail address is letsencrypt, letsencrypt-staging, or the https URL of a CA's directory."],
    [['acme:a@b.example', 'acme:c@d.example'], '--certificate acme:c@d.example: there is one CA for all names, and acme:a@b.example says which.']
  ] as const) t.throws(() => acmeOf(entries, 'kept'), { name: 'EnvironmentError', message: told })
})

t.test('a site whose hosts are all of this machine starts, and says that no certificate is ordered', async t => {
  const program = start(t, { UPSTREAM: 'http://127.0.0.1:9', HOSTS: 'localhost,www.shop.test', CERTIFICATES: 'acme:admin@reverseproxy.com,https://127.0.0.1:9/directory', CERTIFICATE_DIR: join(t.testdir(), 'kept') })
  await program.says(/No certificate is ordered: no host of the listeners and sites is a public name/)
  await program.says(/stop +Ctrl\+C/)
})
