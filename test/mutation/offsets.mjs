//! A Stryker plugin: arithmetic that only says where a field lies in a slab (`cells[record * WIDTH + FIELD]`) is not mutated.
// Such a mutant reads another field altogether. They are half of all, die in the first commands of any stream, and would
// flatter the score.

/** Whether the expression is the index, or part of it, of an element access. */
function shouldIgnore(path) {
  if (!path.isBinaryExpression()) return undefined
  let child = path
  while (child.parentPath?.isBinaryExpression()) child = child.parentPath
  const parent = child.parentPath
  const isIndex = parent?.isMemberExpression() === true && parent.node.computed === true
  return isIndex && parent.node.property === child.node ? 'place in a slab' : undefined
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'offsets', value: { shouldIgnore } }]
