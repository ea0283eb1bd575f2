// Where is the certificate of an https binding, and how does it come here?
import type { XmlElement } from '../xml/element.ts'

/** The beginning of the advice. */
export const EXPORT = 'export it on that server: '

/** How the certificate of a binding is exported from the store of Windows, and given to the site. */
export function exportAdvice ({ attributes }: XmlElement, host: string): string {
  const hash = attributes.get('certificateHash')?.value.replace(/[^\da-f]/gi, '').toUpperCase() ?? ''
  const store = attributes.get('certificateStoreName')?.value.trim() || 'My'
  const file = `${host === '' || host.includes('*') ? 'site' : host}.pfx`
  const certificate = hash === ''
    ? `(Get-ChildItem Cert:\\LocalMachine\\${store} | Where-Object DnsNameList -contains ${host === '' ? 'HOST' : host})`
    : `Cert:\\LocalMachine\\${store}\\${hash}`
  return `${EXPORT}Export-PfxCertificate -Cert ${certificate} -FilePath ${file} -Password (Read-Host -AsSecureString); then --certificate ${host === '' ? '' : `${host}=`}${file}, or the option certificate of listeners`
}
