// On Node 20 a worker thread does not inherit tsx from its parent: it is registered here, so that the sources can be tested there.
import { register } from 'tsx/esm/api'

register()
const { default: transport } = await import('../src/transport.ts')
export default transport
