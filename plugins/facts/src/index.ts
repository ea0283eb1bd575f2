// facts: what do the plugins tell each other? Types, and the names of channels; there is no other code.
export { CHANNELS } from './channels.ts'
export type { ListenerAddress, ListenerRefusal, ListenersFact } from './listeners.ts'
export type { ConditionStep, Explanation, Outcome, Rewrite, RewriteMessage, RuleStep } from './rewrite.ts'
export type { ServedFile } from './served-file.ts'
export type { Binding, Protocol, Rejection, Site, SiteBinding, SiteInfo, SitesFact, SitesReplaced } from './site.ts'
export type { RequestFacts, ServerFacts, Told } from './told.ts'
export type { OpenTunnel, TunnelMessage, TunnelsFact } from './tunnels.ts'
export type { Flow, Moment, Side, TunnelFact, Upstream, UpstreamError } from './upstream.ts'
