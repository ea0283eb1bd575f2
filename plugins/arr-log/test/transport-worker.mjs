// On Node 20 a worker thread does not get tsx from its parent; so that the sources can be tested there too.
import { register } from 'tsx/esm/api'

register()
const { default: transport } = await import('../src/transport.ts')
export default transport
