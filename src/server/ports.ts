/** Free ports on the loopback interface. */

import { connect, createServer } from 'node:net'

/** The interface that embedded servers listen on, and nothing else does. */
export const LOOPBACK = '127.0.0.1'

/**
 * True if nothing listens on this loopback port. Asked in both ways, because on macOS a port that another program holds
 * for all interfaces can still be bound for one.
 */
export async function isPortFree(port: number): Promise<boolean> {
  return !(await canConnect(port)) && (await canListen(port))
}

/**
 * The first free port of `preferred`, else any free one. Between the answer and its use another program may take the port:
 * whoever uses it tries again with another one. Ports in `except` are passed over.
 */
export async function choosePort(preferred: readonly number[], except: readonly number[] = []): Promise<number> {
  for (const port of preferred) {
    if (!except.includes(port) && (await isPortFree(port))) return port
  }
  for (;;) {
    const port = await anyFreePort()
    if (!except.includes(port)) return port
  }
}

/** True if something accepts a connection on this loopback port within a second. */
export function canConnect(port: number, timeoutMs = 1_000): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host: LOOPBACK, port })
    const finish = (answer: boolean): void => {
      socket.destroy()
      settle(answer)
    }
    socket.setTimeout(timeoutMs, () => finish(false))
    socket.once('connect', () => finish(true))
    socket.once('error', () => finish(false))
  })
}

function canListen(port: number): Promise<boolean> {
  return new Promise((settle) => {
    const server = createServer()
    server.once('error', () => settle(false))
    server.listen({ host: LOOPBACK, port, exclusive: true }, () => server.close(() => settle(true)))
  })
}

function anyFreePort(): Promise<number> {
  return new Promise((settle, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen({ host: LOOPBACK, port: 0, exclusive: true }, () => {
      const address = server.address()
      const port = typeof address === 'object' && address !== null ? address.port : 0
      server.close(() => settle(port))
    })
  })
}
