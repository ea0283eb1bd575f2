// Which errors can there be? Every call of `createError`, with its code, its status and its message; and the codes of errors that are
// made without it, which are in a type or stand in for one that is missing.
import ts from 'typescript'
import { cell, code, page, table } from './markdown.ts'
import type { Source, Sources } from './program.ts'

export interface KnownError {
  readonly code: string
  readonly status: string
  readonly message: string
  /** The doc comment; empty where its name says it. */
  readonly doc: string
}

/** Those of one package, each code once. */
export function errorsOf ({ checker }: Sources, { files }: Source): KnownError[] {
  const errors = new Map<string, KnownError>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && node.expression.getText() === 'createError') {
      const [codes, message, status] = node.arguments
      const type = codes === undefined ? undefined : checker.getTypeAtLocation(codes)
      for (const one of type === undefined ? [] : type.isUnion() ? type.types : [type]) {
        if (!one.isStringLiteral() || errors.has(one.value)) continue
        errors.set(one.value, { code: one.value, status: status?.getText() ?? '500', message: message === undefined ? '' : words(message), doc: docAbove(node) })
      }
    }
    if (ts.isStringLiteral(node) && node.text.startsWith('FST_ARR_') && (ts.isLiteralTypeNode(node.parent) || ts.isBindingElement(node.parent)) && !errors.has(node.text)) {
      errors.set(node.text, { code: node.text, status: ts.isBindingElement(node.parent) ? '500' : '', message: '', doc: commentBefore(node) })
    }
    ts.forEachChild(node, visit)
  }
  for (const file of files) visit(file)
  return [...errors.values()].sort((one, other) => one.code < other.code ? -1 : 1)
}

export function errorPage (sources: Sources): string {
  const parts = sources.packages.flatMap(source => {
    const errors = errorsOf(sources, source)
    if (errors.length === 0) return []
    const rows = errors.map(({ code: name, status, message, doc }) => [`\`${name}\``, status, message === '%s' ? '' : code(message), cell(doc)])
    return [[`## ${source.name}`, table(['code', 'status', 'message', 'when'], rows)].join('\n\n')]
  })
  return page('Errors', 'Every error has a code that does not change. Clients see the status and a sentence without an address, a path or an error of the system; what is behind it is in the log. `%s` is filled in. What is thrown at registration has the status 500, which no client sees.', parts)
}

function words (message: ts.Expression): string {
  if (ts.isStringLiteralLike(message)) return message.text
  return ts.isTemplateExpression(message) ? [message.head, ...message.templateSpans.map(({ literal }) => literal)].map(({ text }) => text).join('…') : ''
}

/** Of the statement or the property around it. */
function docAbove (node: ts.Node): string {
  for (let one: ts.Node = node; !ts.isSourceFile(one); one = one.parent) {
    const docs = ts.getJSDocCommentsAndTags(one).filter(ts.isJSDoc)
    const text = docs.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ').trim()
    if (text !== '') return text
    if (ts.isPropertyAssignment(one) || ts.isStatement(one)) return ''
  }
  return ''
}

/** Of a member of a union: it is before the bar. */
function commentBefore ({ parent }: ts.Node): string {
  if (!ts.isUnionTypeNode(parent.parent)) return ''
  const { types } = parent.parent
  const before = types[types.indexOf(parent as ts.TypeNode) - 1]
  const between = parent.getSourceFile().text.slice(before?.end ?? parent.parent.pos, parent.getStart())
  return /\/\*\*\s*(.*?)\s*\*\//s.exec(between)?.[1] ?? ''
}
