// Why can frames no longer be read? The last header that came says it, where it breaks a rule by itself (RFC 6455 §5.2, §5.5).
import type { Frame } from '../story/tunnel-story.ts'

const RSV_OTHERS = 0x30
const CLOSE = 8
const LAST = 10
const CONTROL_MOST = 125

/** True where the mask is as it must be: the client's frames have one, the upstream's none (RFC 6455 §5.1). Where it is not recorded, nothing is wrong with it. */
export function hasRightMask ({ masked, from }: Frame): boolean {
  return masked === null || masked === (from === 'client')
}

/** What is wrong with a header, in words; empty where it may be right. Only what comes with an extension is allowed by one. */
export function frameFault (frame: Frame, hasExtension: boolean): string {
  const { opcode, fin, rsv, length } = frame
  if (!hasRightMask(frame)) return frame.masked === true ? 'a masked frame' : 'a frame without a mask'
  if ((rsv & RSV_OTHERS) !== 0 && !hasExtension) return 'a frame with RSV2 or RSV3, which no extension was agreed for'
  if (opcode > LAST || (opcode > 2 && opcode < CLOSE)) return `a frame of the opcode ${opcode}, which there is not`
  if (opcode >= CLOSE && !fin) return 'a part of a control frame, which may have no parts'
  if (opcode >= CLOSE && length > CONTROL_MOST) return `a control frame of ${length} bytes, where 125 are allowed`
  return ''
}
