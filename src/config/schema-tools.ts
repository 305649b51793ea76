/** zod schemas of tools (MCP): tool configs, and the servers they come from. */
import { z } from 'zod'

/** Tools under an alias. */
export const toolConfig = z.strictObject({
  tool_alias: z.string().min(1),
  providers: z.array(z.string().min(1)).min(1).describe('Names of MCP providers; their tools are offered together.'),
  allow_tools: z.array(z.string()).nullable().default(null).describe('Names of the tools that may be used; null for all.'),
  max_tool_call_turns: z.int().min(1).default(5).describe('Turns of tool calls in one conversation; further ones are refused.'),
  timeout_sec: z.number().positive().nullable().default(null).describe('Seconds a tool call may take; null for 600.'),
})

/** A tool server that is reached over HTTP. */
export const remoteMcpProvider = z.strictObject({
  provider_type: z.enum(['sse', 'streamable_http']).default('sse'),
  name: z.string().min(1),
  endpoint: z.string().min(1).describe('Address, e.g. http://127.0.0.1:8000/mcp'),
  api_key: z.string().nullable().default(null).describe('Name of the environment variable that holds the key; never the key itself.'),
})

/** A tool server that is a program on the machine of the worker. */
export const localMcpProvider = z.strictObject({
  provider_type: z.literal('stdio'),
  name: z.string().min(1),
  command: z.string().min(1),
  args: z.array(z.string()).default([]),
  env: z
    .record(z.string(), z.string())
    .default({})
    .describe('Its environment; a value such as MY_API_KEY stands for the variable of that name, where it is set for the worker.'),
})

/** Tools as read: defaults filled in. */
export type ToolConfig = z.output<typeof toolConfig>
/** A tool server as read. */
export type McpProviderConfig = z.output<typeof remoteMcpProvider> | z.output<typeof localMcpProvider>
/** A tool server as a program writes it. */
export type McpProviderInput = z.input<typeof remoteMcpProvider> | z.input<typeof localMcpProvider>
