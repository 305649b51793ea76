/** The port to language models: one request, one answer. Providers' wire formats stay below it. */

/** One message of a conversation. `tool`: what came of a tool call. */
export interface ChatMessage {
  readonly role: 'system' | 'user' | 'assistant' | 'tool'
  readonly content: string
  /** Pictures, sounds and films shown before the words; absent when there are none. */
  readonly media?: readonly MediaPart[]
  /** What the assistant thought before it called tools; absent in other messages. */
  readonly reasoning?: string
  /** The tools that the assistant calls in this turn; absent when it calls none. */
  readonly toolCalls?: readonly ToolCall[]
  /** The call that a message of role `tool` answers. */
  readonly toolCallId?: string
  /** `ChatAnswer.nativeContent` of the answer that this message repeats. */
  readonly nativeContent?: readonly object[]
}

/** A model's wish to have a tool called. */
export interface ToolCall {
  /** Names the call within its conversation. */
  readonly id: string
  readonly name: string
  /** JSON text, as the model wrote it: it may be anything. */
  readonly arguments: string
}

/** A tool that a model is offered. */
export interface ToolDefinition {
  readonly name: string
  readonly description: string
  /** JSON schema of its arguments. */
  readonly parameters: object
}

/** A picture, a sound or a film in a message. */
export interface MediaPart {
  readonly modality: 'image' | 'audio' | 'video'
  /** What stands for it in the journal's key: a URL, or `<media type> sha256:<hex>` of the content. */
  readonly id: string
  /** What stands for it in a trace: a URL, a path, or the size of what was given. */
  readonly label: string
  readonly source:
    | { readonly type: 'url'; readonly url: string }
    /** The content as base64, or how to get it: read right before it is sent, so that calls that wait for a slot hold none. */
    | { readonly type: 'base64'; readonly mediaType: string; readonly data: string | (() => Promise<string>) }
}

/** What is asked for instead of the next message of a conversation. */
export type Wanted =
  /** A vector for each text; the request has no messages. `dimensions` is null where the model decides. */
  | {
      readonly kind: 'embeddings'
      readonly texts: readonly string[]
      readonly encodingFormat: 'float' | 'base64'
      readonly dimensions: number | null
    }
  /** Pictures of what the last message says, by the API for images or as an answer of a conversation. */
  | { readonly kind: 'images'; readonly route: 'images' | 'chat' }

/**
 * What is asked, independent of provider, endpoint, headers and secrets: its canonical JSON is part of the journal's key.
 */
export interface ChatRequest {
  /** The provider's name of the model. */
  readonly model: string
  readonly messages: readonly ChatMessage[]
  /** 0–2. */
  readonly temperature?: number
  /** 0–1. */
  readonly topP?: number
  /** ≥ 1. */
  readonly maxTokens?: number
  /** JSON schema for native structured output, where the endpoint has it. */
  readonly responseSchema?: { readonly name: string; readonly schema: object }
  /** Tools that the model may call; one list object for all requests of a column. Absent when there are none. */
  readonly tools?: readonly ToolDefinition[]
  /** Further body fields, as given in the config. */
  readonly extraBody?: Readonly<Record<string, unknown>>
  /** Absent: the next message. */
  readonly wants?: Wanted
}

/** A picture of an answer, as it came: inline, downloaded from where the answer said, there still, or why it cannot be had. */
export type Picture = { readonly base64: string } | { readonly bytes: Uint8Array } | { readonly url: string } | { readonly problem: string }

/** Vectors as they are kept: little-endian floats of 32 or 64 bits, one vector after the other, as base64. */
export interface PackedVectors {
  readonly count: number
  readonly dimension: number
  readonly bits: 32 | 64
  readonly data: string
}

/** A picture that is kept: its bytes lie in a file of the row group's journal, or, in a preview, here. */
export interface KeptImage {
  /** `<first 32 hex digits of the content's SHA-256>.<png|jpg|gif|webp>` */
  readonly file: string
  readonly sizeBytes: number
  /** Of a preview only. */
  readonly base64?: string
}

/** Tokens of one or many calls. */
export interface TokenUsage {
  readonly inputTokens: number
  readonly outputTokens: number
  /** Of the input tokens, those that the provider read from its prompt cache; absent when there were none. */
  readonly cacheReadTokens?: number
  /** Of the input tokens, those that it wrote to its prompt cache; absent when there were none. */
  readonly cacheWriteTokens?: number
  /** True when the provider reported none and the numbers are ceil(characters / 4). */
  readonly estimated?: boolean
}

/** One answer. Content may be empty. */
export interface ChatAnswer {
  readonly content: string
  readonly reasoning?: string
  /** `stop`, `length`, `content_filter` or the provider's own word. */
  readonly finishReason: string
  readonly usage: TokenUsage
  /** Vectors as they came, one for each text asked for; kept as `embeddings`. */
  readonly vectors?: readonly (readonly number[])[]
  readonly embeddings?: PackedVectors
  /** Pictures as they came; kept as `images`, or as `imageProblem` when one of them is none. */
  readonly pictures?: readonly Picture[]
  readonly images?: readonly KeptImage[]
  readonly imageProblem?: string
  /** Absent when the model calls no tool. */
  readonly toolCalls?: readonly ToolCall[]
  /** The answer's content as the provider wrote it, where the next turn must repeat it word for word (signed thoughts); else absent. */
  readonly nativeContent?: readonly object[]
  /** The model that stood in for the one that was asked; absent when that one answered itself. */
  readonly answeredBy?: { readonly alias: string; readonly model: string }
  /** True when a rehearsal endpoint answered: not a real model. */
  readonly rehearsal?: boolean
}

/** What a call that was answered came to; all of it was paid for. */
export interface KeptAnswer extends ChatAnswer {
  /** Set when the provider or the model would not answer: the text of the `MODEL_CONTENT_FILTERED` error that the call then throws. */
  readonly refused?: string
  /** Set for what came of a tool call: `content` is its text, or what went wrong as the model is told; no model was asked for it. */
  readonly tool?: 'result' | 'error'
}

/** Options of one call. */
export interface CallOptions {
  /** Aborts waiting for a slot and the HTTP request itself. */
  readonly signal: AbortSignal
  /**
   * Ends waiting (for a slot, a Retry-After, a retry) but lets a request that is on the wire finish, so that an answer that is
   * paid for is kept. Throws the signal's reason. It must abort no later than `signal`. Default: `signal`.
   */
  readonly stopWaiting?: AbortSignal
  /**
   * Asked right before each request goes out, its slot being taken; a promise is waited for. Its rejection ends the call. Default: nothing
   * holds a call back.
   */
  readonly beforeSending?: () => Promise<void> | undefined
  /** Lower goes first within the limit: the row index, so that the oldest open row group goes first. Default 0. */
  readonly priority?: number
  /**
   * Called once with the answer, or with a refusal that was paid for, to put it where it survives this process; the call holds its slot until then, so that a kill costs at
   * most as many answers as there are slots. Its error becomes the call's. `endpoint` is the base URL that answered, without user
   * and query. Default: nothing.
   */
  readonly keep?: (answer: KeptAnswer, endpoint: string) => Promise<void>
}

/** Calls one alias's model. Retries of 5xx, 429 and connection errors happen inside, and nowhere else. */
export interface ModelClient {
  /** Throws a `ParquetryError` of kind `content` or `blocked` (see `src/errors.ts`). */
  complete(request: ChatRequest, options: CallOptions): Promise<ChatAnswer>
}

/** Model clients of one worker, shared by all its open row groups, so that limits hold across them. */
export interface Models {
  /**
   * The client for a model alias of a compiled dataset; clients of one provider and model share a limiter. Its calls count against the
   * share of the run `owner` too; default: of none.
   */
  client(target: ModelTarget, owner?: string): ModelClient
  /** Closes all connections. */
  close(): Promise<void>
}

/** Where the calls of an alias go and how hard they may push. Taken from the compiled config; holds no secret. */
export interface ModelTarget {
  readonly alias: string
  readonly model: string
  readonly provider: ModelProviderTarget
  /** ≥ 1; default 4. The smallest of all aliases sharing provider and model holds. */
  readonly maxParallelRequests: number
  /** HTTP requests a minute at most, over all calls of one worker; the smallest of the aliases sharing holds. Absent: no such limit. */
  readonly requestsPerMinute?: number
  /** Tokens a minute at most, input and output together, likewise. */
  readonly tokensPerMinute?: number
  /** Milliseconds a single HTTP request may take; default 60,000. */
  readonly timeoutMs: number
}

/** A provider without its key: the worker reads that late, from its own environment. */
export interface ModelProviderTarget {
  readonly name: string
  /** Base URL, e.g. `http://127.0.0.1:8000/v1`. For `rehearsal` the worker's own endpoint is used. */
  readonly endpoint: string
  readonly type: 'openai' | 'anthropic' | 'rehearsal'
  /** Name of the environment variable that holds the key; null when the provider needs none. */
  readonly apiKeyEnv: string | null
  readonly extraHeaders: Readonly<Record<string, string>>
  readonly extraBody: Readonly<Record<string, unknown>>
}
