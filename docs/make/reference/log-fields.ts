// Which columns can a line of the log have, and where does each come from?
import ts from 'typescript'
import { cell, code, page, table } from './markdown.ts'
import type { Sources } from './program.ts'
import { docOf } from './types.ts'

export interface Field {
  readonly name: string
  /** The expression that reads it of an exchange. */
  readonly read: string
  readonly doc: string
}

/** The columns of one of the tables in arr-log's `fields.ts`. */
export function fieldsOf ({ checker, packages }: Sources, constant: 'IIS_FIELDS' | 'EXTRA_FIELDS'): Field[] {
  const file = packages.find(({ name }) => name === 'arr-log')?.files.find(({ fileName }) => fileName.endsWith('/fields.ts'))
  const declaration = file?.statements.filter(ts.isVariableStatement).flatMap(({ declarationList }) => [...declarationList.declarations]).find(({ name }) => name.getText() === constant)
  return objectIn(declaration?.initializer).filter(ts.isPropertyAssignment).map(property => {
    const read = ts.isArrowFunction(property.initializer) ? property.initializer.body.getText() : property.initializer.getText()
    return { name: (property.name as ts.StringLiteral).text, read, doc: ownDoc(property) || sourceDoc(checker, property.initializer) }
  })
}

export function logFieldPage (sources: Sources): string {
  // `date` and `time` are of the line, and not of the exchange.
  const section = (title: string, fields: readonly Field[]): string => [`## ${title}`, table(['column', 'from', 'meaning'], fields.map(({ name, read, doc }) => [`\`${name}\``, read === 'null' ? '' : code(read), cell(doc)]))].join('\n\n')
  return page('Log fields', 'The columns of a line, in the order in which every line has them. `exchange` is the entry of the structured log as well. What the numbers mean is in the [README of arr-log](../../plugins/arr-log/README.md#what-the-numbers-mean).', [
    section('IIS', fieldsOf(sources, 'IIS_FIELDS')),
    section('Beyond IIS', fieldsOf(sources, 'EXTRA_FIELDS'))
  ])
}

function objectIn (node: ts.Expression | undefined): readonly ts.ObjectLiteralElementLike[] {
  if (node === undefined) return []
  if (ts.isObjectLiteralExpression(node)) return node.properties
  return ts.isAsExpression(node) || ts.isSatisfiesExpression(node) ? objectIn(node.expression) : []
}

function ownDoc (node: ts.Node): string {
  return ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(' ')
}

/** The comment of the last member of the exchange that it reads. */
function sourceDoc (checker: ts.TypeChecker, node: ts.Node): string {
  let found = ''
  const visit = (child: ts.Node): void => {
    if (ts.isPropertyAccessExpression(child) && found === '') {
      const symbol = checker.getSymbolAtLocation(child.name)
      if (symbol !== undefined) found = docOf(checker, symbol)
    }
    ts.forEachChild(child, visit)
  }
  visit(node)
  return found
}
