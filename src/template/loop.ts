/** The variable `loop` inside a loop. */
import type { Context, LoopState } from './context.ts'
import { defined } from './context.ts'
import { failRender, invalidTemplate } from './fault.ts'
import { Undefined, type Runtime } from './runtime-values.ts'

const ATTRIBUTES: ReadonlyMap<string, (loop: LoopState) => Runtime> = new Map(
  Object.entries({
    index: (loop) => loop.index + 1,
    index0: (loop) => loop.index,
    revindex: (loop) => loop.items.length - loop.index,
    revindex0: (loop) => loop.items.length - loop.index - 1,
    first: (loop) => loop.index === 0,
    last: (loop) => loop.index === loop.items.length - 1,
    length: (loop) => loop.items.length,
    depth: () => 1,
    depth0: () => 0,
    previtem: (loop) => loop.items[loop.index - 1] ?? new Undefined('there is no previous item'),
    nextitem: (loop) => loop.items[loop.index + 1] ?? new Undefined('there is no next item'),
  } satisfies Record<string, (loop: LoopState) => Runtime>),
)

function loopOf(context: Context): LoopState {
  if (context.loop === null) throw failRender('`loop` is undefined.')
  return context.loop
}

/** `loop.name`. Throws `TEMPLATE_INVALID` for unknown names. */
export function compileLoopAttribute(source: string, name: string): (context: Context) => Runtime {
  const read = ATTRIBUTES.get(name)
  if (read === undefined)
    throw invalidTemplate(source, null, `\`loop\` has no field \`${name}\`; fields: ${[...ATTRIBUTES.keys()].join(', ')}.`)
  return (context) => read(loopOf(context))
}

/** `loop.cycle(...)` and `loop.changed(...)`. Throws `TEMPLATE_INVALID` for other names. */
export function compileLoopMethod(
  source: string,
  name: string,
  args: readonly ((context: Context) => Runtime)[],
  isEqual: (context: Context, left: Runtime, right: Runtime) => boolean,
): (context: Context) => Runtime {
  if (name === 'cycle') {
    if (args.length === 0) throw invalidTemplate(source, null, '`loop.cycle` needs at least one value.')
    return (context) => (args[loopOf(context).index % args.length] as (context: Context) => Runtime)(context)
  }
  if (name !== 'changed') throw invalidTemplate(source, null, `\`loop\` has no method \`${name}\`; methods: cycle, changed.`)
  return (context) => {
    const loop = loopOf(context)
    const values = args.map((argument) => defined(argument(context)))
    const before = loop.last
    loop.last = values
    return before === null || !isEqual(context, before, values)
  }
}
