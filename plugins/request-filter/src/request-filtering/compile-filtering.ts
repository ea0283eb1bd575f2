// What is a part of `<requestFiltering>`? A check made from its options.
import type { Check } from '../filter/check.ts'

/** Compiles a part of `<requestFiltering>` from the options of all of it; null where the part can refuse nothing. */
export type CompileFiltering = (options: Readonly<Record<string, unknown>>, at: string, mistakes: string[]) => Check | null
