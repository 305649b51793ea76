/**
 * A server of tools for tests, of the official SDK's server classes.
 *
 *   node tool-server.mjs stdio | streamable_http <port> | sse <port>
 *
 * Environment: TOOL_LOG, a file that gets one line for each call of a tool; TOOL_NAMES, names of the tools that are offered (default
 * all); TOOL_KEY, a key that HTTP requests must bring; TOOL_MS, milliseconds that `look_up` takes.
 */
import { appendFileSync, existsSync, unlinkSync } from 'node:fs'
import { createServer } from 'node:http'
import { randomUUID } from 'node:crypto'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { SSEServerTransport } from '@modelcontextprotocol/sdk/server/sse.js'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'

const { TOOL_LOG, TOOL_KEY, TOOL_NAMES, TOOL_MS = '0' } = process.env
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, Number(ms)))
const text = (value) => ({ content: [{ type: 'text', text: value }] })

/** Name → [description, properties, what it does]. */
const TOOLS = {
  look_up: ['Looks a topic up.', { topic: { type: 'string' } }, async ({ topic }) => (await sleep(TOOL_MS), text(`facts about ${topic}`))],
  wait: ['Takes its time.', { ms: { type: 'integer' } }, async ({ ms }) => (await sleep(ms), text('waited'))],
  fail: ['Fails.', {}, () => ({ ...text('the tool failed'), isError: true })],
  refuse: ['Answers with an error of the protocol.', {}, () => Promise.reject(new Error('bad arguments'))],
  environment: ['A variable.', { name: { type: 'string' } }, ({ name }) => text(process.env[name] ?? '(not set)')],
  mixed: [
    'Several blocks.',
    {},
    () => ({
      content: [
        { type: 'text', text: 'one' },
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
        { type: 'resource', resource: { uri: 'file:///a', text: 'of a resource' } },
      ],
    }),
  ],
  nothing: ['Structured content only.', {}, () => ({ content: [], structuredContent: { answer: 42 } })],
  die: ['Ends the server.', {}, () => process.exit(1)],
  // Dies once: `file` says that it is to happen.
  die_once: ['Ends the server once.', { file: { type: 'string' } }, ({ file }) => die(file)],
}

function die(file) {
  if (!existsSync(file)) return text('still here')
  unlinkSync(file)
  process.exit(1)
}

const names = TOOL_NAMES === undefined ? Object.keys(TOOLS) : TOOL_NAMES.split(',')

function open() {
  const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
  server.setRequestHandler(ListToolsRequestSchema, () => ({
    tools: names.map((name) => ({ name, description: TOOLS[name][0], inputSchema: { type: 'object', properties: TOOLS[name][1] } })),
  }))
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    if (TOOL_LOG !== undefined) appendFileSync(TOOL_LOG, `${process.pid} ${params.name} ${JSON.stringify(params.arguments ?? {})}\n`)
    return await TOOLS[params.name][2](params.arguments ?? {})
  })
  return server
}

const [kind, port] = process.argv.slice(2)
const sessions = new Map()

async function bodyOf(request) {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

async function serveStreamable(request, response) {
  const known = sessions.get(request.headers['mcp-session-id'])
  if (known !== undefined)
    return await known.handleRequest(request, response, request.method === 'POST' ? await bodyOf(request) : undefined)
  const body = request.method === 'POST' ? await bodyOf(request) : undefined
  if (body?.method !== 'initialize') return response.writeHead(404).end('no such session')
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    onsessioninitialized: (id) => void sessions.set(id, transport),
  })
  await open().connect(transport)
  await transport.handleRequest(request, response, body)
}

async function serveEvents(request, response) {
  if (request.method === 'POST') {
    const known = sessions.get(new URL(request.url, 'http://x').searchParams.get('sessionId'))
    if (known === undefined) return response.writeHead(404).end('no such session')
    return await known.handlePostMessage(request, response)
  }
  const transport = new SSEServerTransport('/messages', response)
  sessions.set(transport.sessionId, transport)
  await open().connect(transport)
}

if (kind === 'stdio') {
  // Programs greet, which is no message.
  console.log('a server of tools')
  await open().connect(new StdioServerTransport())
} else {
  createServer((request, response) => {
    if (TOOL_KEY !== undefined && request.headers.authorization !== `Bearer ${TOOL_KEY}`) return response.writeHead(401).end('no')
    void (kind === 'sse' ? serveEvents : serveStreamable)(request, response)
  }).listen(Number(port), '127.0.0.1', () => console.log('READY'))
}
