/**
 * A tiny MCP server over standard input and output, without any library: a shop's catalogue that models can look things up in.
 * `node catalogue.mjs`; JSON-RPC 2.0, one message a line.
 */
import { createInterface } from 'node:readline'

const STOCK = {
  'garden hose': { sku: 'GH-25', price: 24.9, in_stock: 12 },
  'rain barrel': { sku: 'RB-200', price: 79, in_stock: 0 },
  'watering can': { sku: 'WC-10', price: 15.5, in_stock: 40 },
}

const TOOLS = [
  {
    name: 'look_up_product',
    description: 'Article number, price in euros and stock of a product.',
    inputSchema: {
      type: 'object',
      properties: { product: { type: 'string', enum: Object.keys(STOCK), description: 'Name of the product.' } },
      required: ['product'],
    },
  },
  {
    name: 'list_products',
    description: 'Names of all products.',
    inputSchema: { type: 'object', properties: {} },
  },
]

function call({ name, arguments: given = {} }) {
  if (name === 'list_products') return text(Object.keys(STOCK).join('\n'))
  const found = STOCK[given.product]
  return found === undefined ? { ...text(`There is no "${given.product}".`), isError: true } : text(JSON.stringify(found))
}

function text(value) {
  return { content: [{ type: 'text', text: value }] }
}

function answer(method, params) {
  if (method === 'initialize') {
    return { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'catalogue', version: '1' } }
  }
  if (method === 'tools/list') return { tools: TOOLS }
  if (method === 'tools/call') return call(params)
  return method === 'ping' ? {} : null
}

for await (const line of createInterface({ input: process.stdin })) {
  const { id, method, params = {} } = JSON.parse(line)
  // Notifications have no id, and get no answer.
  if (id === undefined) continue
  const result = answer(method, params)
  const reply = result === null ? { error: { code: -32601, message: `unknown method ${method}` } } : { result }
  process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', id, ...reply })}\n`)
}
