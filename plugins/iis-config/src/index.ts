// iis-config: what did IIS know? Reads web.config and applicationHost.config; no plugin, a reader.
export { readConfig, readConfigText, type IisConfig, type ReadOptions } from './config.ts'
export { convertToTypeScript } from './convert.ts'
export { isIisConfigError, type IisConfigError, type Place, type Problem } from './errors.ts'
export type { Mistake, Report, Row, Status, UnreadSection } from './report.ts'
export type * from './plugin-options.ts'
export type * from './rewrite-options.ts'
export { toXml } from './to-xml.ts'
export { watchConfig, type ConfigChanged, type WatchOptions, type WatchedConfig } from './watch.ts'
