// Is an SDK registered, so that spans go somewhere? Asked for each request, because it may be registered at any time.
import { propagation, ProxyTracerProvider, trace, type Tracer, type TracerProvider } from '@opentelemetry/api'

const NAME = '@fastify-arr/open-telemetry'
// What a provider has that was given none.
const NOTHING = new ProxyTracerProvider().getDelegate()
const NONE: ReadonlySet<string> = new Set()

/** The SDK of the process, as the API knows it. */
export class Registered {
  #provider: TracerProvider = NOTHING
  #tracer: Tracer | null = null
  #fields: ReadonlySet<string> = NONE

  /** Null where there is no SDK. */
  get tracer (): Tracer | null {
    const provider = behind(trace.getTracerProvider())
    if (provider !== this.#provider) {
      this.#provider = provider
      this.#tracer = isNothing(provider) ? null : provider.getTracer(NAME)
      this.#fields = NONE
    }
    return this.#tracer
  }

  /** The headers that the registered propagator writes, in lower case; empty where there is none. */
  get fields (): ReadonlySet<string> {
    if (this.#fields.size === 0) {
      const names = propagation.fields()
      if (names.length > 0) this.#fields = new Set(names.map(name => name.toLowerCase()))
    }
    return this.#fields
  }
}

/** The API hands out a proxy, in whose place the SDK's provider comes later. */
function behind (provider: TracerProvider): TracerProvider {
  return 'getDelegate' in provider ? (provider as ProxyTracerProvider).getDelegate() : provider
}

/** Another copy of the API has another provider of nothing, which has no more than the interface. */
function isNothing (provider: TracerProvider): boolean {
  return provider === NOTHING || provider.constructor.name === NOTHING.constructor.name
}
