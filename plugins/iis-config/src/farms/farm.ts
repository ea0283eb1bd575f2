// What is a farm of `<webFarms>`, once it is read?
import type { FarmOptions } from '../config/farm-options.ts'
import type { FarmProxyOptions } from '../config/proxy-options.ts'
import type { XmlElement } from '../xml/element.ts'

/** A farm as it is read. */
export interface Farm {
  /** As it is written. */
  readonly name: string
  /** The name as a host in a URL; that of the file wherever it can be one. */
  readonly host: string
  readonly element: XmlElement
  readonly enabled: boolean
  /** Null where no server of it can be used. */
  readonly options: FarmOptions | null
  readonly proxy: FarmProxyOptions
}
