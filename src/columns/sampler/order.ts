/** The order in which samplers are drawn, and which of them must be redrawn together. */

/** Column → columns of the same row that it needs first. */
export type Dependencies = ReadonlyMap<string, ReadonlySet<string>>

/**
 * Groups of connected columns in config order, each group with every column after its inputs; or the names along one cycle.
 * Inputs that are no keys of the map are ignored.
 */
export type SamplerOrder = { readonly groups: readonly (readonly string[])[] } | { readonly cycle: readonly string[] }

/** Orders columns by their inputs, keeping config order where inputs leave it open. */
export function orderSamplers(dependencies: Dependencies): SamplerOrder {
  const order: string[] = []
  const state = new Map<string, 'open' | 'done'>()
  const path: string[] = []
  const visit = (column: string): readonly string[] | null => {
    if (state.get(column) === 'done') return null
    if (state.get(column) === 'open') return [...path.slice(path.indexOf(column)), column]
    state.set(column, 'open')
    path.push(column)
    for (const input of dependencies.get(column)!) {
      const cycle = dependencies.has(input) ? visit(input) : null
      if (cycle !== null) return cycle
    }
    path.pop()
    state.set(column, 'done')
    order.push(column)
    return null
  }
  for (const column of dependencies.keys()) {
    const cycle = visit(column)
    if (cycle !== null) return { cycle }
  }
  return { groups: groupConnected(order, dependencies) }
}

function groupConnected(order: readonly string[], dependencies: Dependencies): readonly (readonly string[])[] {
  const parent = new Map(order.map((column) => [column, column]))
  const rootOf = (column: string): string => {
    let root = column
    while (parent.get(root) !== root) root = parent.get(root)!
    return root
  }
  for (const column of order) {
    for (const input of dependencies.get(column)!) if (parent.has(input)) parent.set(rootOf(column), rootOf(input))
  }
  const groups = new Map<string, string[]>()
  for (const column of order) {
    const root = rootOf(column)
    const group = groups.get(root)
    if (group === undefined) groups.set(root, [column])
    else group.push(column)
  }
  return [...groups.values()]
}
