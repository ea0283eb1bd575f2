// Which members has a type, and which types do they lead to?
import ts from 'typescript'
import { cell, code, prose, table } from './markdown.ts'
import { real } from './program.ts'

export interface Member {
  readonly name: string
  readonly optional: boolean
  readonly type: string
  readonly doc: string
}

export interface Described {
  readonly name: string
  readonly doc: string
  readonly members: readonly Member[]
}

/** The types and all those that their members name, as far as they are declared below `folders`; in the order in which they are named. */
export function described (checker: ts.TypeChecker, roots: readonly ts.Symbol[], folders: readonly string[]): Described[] {
  const isOurs = (node: ts.Node): boolean => folders.some(folder => node.getSourceFile().fileName.startsWith(folder))
  const queue = [...roots]
  const seen = new Set<ts.Symbol>(queue)
  const found: Described[] = []
  for (const symbol of queue) {
    const type = checker.getDeclaredTypeOfSymbol(symbol)
    const members = (type.isUnion() ? [] : checker.getPropertiesOfType(type)).filter(member => (member.declarations ?? []).some(isOurs))
    for (const node of [...members, symbol].flatMap(({ declarations }) => declarations ?? []).filter(isOurs)) {
      for (const named of namesIn(checker, node)) {
        if (seen.has(named) || !(named.declarations ?? []).some(one => isOurs(one) && (ts.isInterfaceDeclaration(one) || ts.isTypeAliasDeclaration(one)))) continue
        seen.add(named)
        queue.push(named)
      }
    }
    if (members.length > 0) found.push({ name: symbol.name, doc: docOf(checker, symbol), members: members.flatMap(member => membersOf(checker, member, isOurs)) })
  }
  return found
}

/** One, and behind it those of an object that is written where it is used, as `connections.max`. What has no comment has that of its type. */
function membersOf (checker: ts.TypeChecker, symbol: ts.Symbol, isOurs: (node: ts.Node) => boolean, path = ''): Member[] {
  const name = `${path}${symbol.name}`
  const node = symbol.declarations?.[0]
  const written = node !== undefined && ts.isPropertySignature(node) && node.type !== undefined && ts.isTypeLiteralNode(node.type) ? node.type : null
  const named = node === undefined ? [] : namesIn(checker, node).filter(one => one.declarations?.some(isOurs))
  const doc = docOf(checker, symbol) || named.map(one => docOf(checker, one)).find(text => text !== '') || ''
  const member: Member = { name, optional: (symbol.flags & ts.SymbolFlags.Optional) !== 0, type: written === null ? typeOf(checker, symbol) : 'object', doc }
  const inside = written === null ? [] : written.members.map(one => one.name === undefined ? undefined : checker.getSymbolAtLocation(one.name)).filter(one => one !== undefined)
  return [member, ...inside.flatMap(one => membersOf(checker, one, isOurs, `${name}.`))]
}

/** As it is written; what is long is told by the types that it names. */
function typeOf (checker: ts.TypeChecker, symbol: ts.Symbol): string {
  const node = symbol.declarations?.[0]
  if (node !== undefined && ts.isMethodSignature(node)) return `(${node.parameters.map(one => one.getText()).join(', ')}) => ${node.type?.getText() ?? 'void'}`
  if (node !== undefined && (ts.isPropertySignature(node) || ts.isPropertyDeclaration(node)) && node.type !== undefined) return node.type.getText().replace(/\/\*\*.*?\*\//gs, '')
  return node === undefined ? '' : checker.typeToString(checker.getTypeOfSymbolAtLocation(symbol, node))
}

export function docOf (checker: ts.TypeChecker, symbol: ts.Symbol): string {
  return ts.displayPartsToString(symbol.getDocumentationComment(checker))
}

function namesIn (checker: ts.TypeChecker, node: ts.Node): ts.Symbol[] {
  const names: ts.Symbol[] = []
  const visit = (child: ts.Node): void => {
    if (ts.isTypeReferenceNode(child) || ts.isExpressionWithTypeArguments(child)) {
      const symbol = checker.getSymbolAtLocation(ts.isTypeReferenceNode(child) ? child.typeName : child.expression)
      if (symbol !== undefined) names.push(real(checker, symbol))
    }
    ts.forEachChild(child, visit)
  }
  visit(node)
  return names
}

/** A heading and a table. */
export function typeSection (type: Described, level = '##'): string {
  const rows = type.members.map(({ name, optional, type, doc }) => [`\`${name}${optional ? '?' : ''}\``, code(type), cell(doc)])
  return [`${level} ${type.name}`, ...type.doc === '' ? [] : [prose(type.doc)], table(['name', 'type', 'meaning'], rows)].join('\n\n')
}
