/** Order among columns: what needs what, and circles, which are named. */

/** Name → names it needs. Needed names that are no keys are passed over. */
export type Needs = ReadonlyMap<string, readonly string[]>

/** Keys in an order in which each follows what it needs, as near to the order of the map as that allows. Empty names: no circle. */
export function orderByNeeds(needs: Needs): { readonly order: readonly string[]; readonly circles: readonly (readonly string[])[] } {
  const order: string[] = []
  const circles: (readonly string[])[] = []
  const state = new Map<string, 'open' | 'done'>()
  for (const start of needs.keys()) {
    // An own stack instead of recursion: chains may be long.
    const stack: { readonly name: string; next: number }[] = []
    const open = (name: string): void => {
      state.set(name, 'open')
      stack.push({ name, next: 0 })
    }
    if (!state.has(start)) open(start)
    while (stack.length > 0) {
      const top = stack.at(-1)!
      const input = needs.get(top.name)![top.next++]
      if (input === undefined) {
        state.set(top.name, 'done')
        order.push(top.name)
        stack.pop()
      } else if (state.get(input) === 'open') {
        const names = stack.map(({ name }) => name)
        circles.push([...names.slice(names.indexOf(input)), input])
      } else if (needs.has(input) && !state.has(input)) open(input)
    }
  }
  return { order, circles }
}
