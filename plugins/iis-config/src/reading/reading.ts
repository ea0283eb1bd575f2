// Typed values of attributes: text, flags, words of a list, numbers, time spans. Each attribute is marked as used when it is read.
import type { XmlAttribute, XmlElement } from '../xml/element.ts'
import { Ledger } from './ledger.ts'

/** One reading of one or more files: gives the values of attributes, and records what became of every part. */
export class Reading extends Ledger {
  /** An attribute's text, marked as used. */
  text (element: XmlElement, name: string): string | undefined {
    const attribute = this.attribute(element, name)
    this.used(attribute)
    return attribute?.value
  }

  /** As `text`, for an attribute that IIS requires: a missing or empty one is a problem. */
  required (element: XmlElement, name: string): string {
    const value = this.text(element, name)
    if (value === undefined || value === '') this.problem(element.attributes.get(name) ?? element, `<${element.name}> needs ${name}="…"`)
    return value ?? ''
  }

  /** A boolean; `1` and `0` are read as IIS reads them. */
  flag (element: XmlElement, name: string): boolean | undefined {
    return this.word(element, name, { true: true, false: false, 1: true, 0: false })
  }

  /** One word of a list; upper and lower case are the same, as in IIS. */
  word<T> (element: XmlElement, name: string, words: Readonly<Record<string, T>>): T | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const known = Object.keys(words)
    const word = known.find(one => one.toLowerCase() === value.trim().toLowerCase())
    if (word !== undefined) return words[word]
    const offered = known.filter(one => !/^\d+$/.test(one))
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not one of ${offered.join(', ')}`)
    return undefined
  }

  /** A whole number from `least` to `most`. */
  integer (element: XmlElement, name: string, least = 0, most = 4_294_967_295): number | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const number = /^\s*\d+\s*$/.test(value) ? Number(value) : NaN
    if (number >= least && number <= most) return number
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not a whole number from ${least} to ${most}`)
    return undefined
  }

  /** A time span, `hh:mm:ss` or `d.hh:mm:ss`, in ms. */
  duration (element: XmlElement, name: string): number | undefined {
    const value = this.text(element, name)
    if (value === undefined) return undefined
    const [, days = '0', hours, minutes, seconds, fraction = '0'] = /^\s*(?:(\d+)\.)?(\d+):([0-5]?\d):([0-5]?\d)(\.\d+)?\s*$/.exec(value) ?? []
    if (hours !== undefined) {
      return (((Number(days) * 24 + Number(hours)) * 60 + Number(minutes)) * 60 + Number(seconds) + Number(fraction)) * 1000
    }
    this.problem(element.attributes.get(name) as XmlAttribute, `${name}="${value}" is not a time span such as 00:02:00`)
    return undefined
  }
}

/** Drops the keys whose value is undefined, so that an option is present only where the file sets it. */
export function written<T extends object> (value: { [K in keyof T]: T[K] | undefined }): T {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as T
}
