//! Where a transport socket lives: a unix path or a TCP host and port.

/** `unix:/path` or `tcp:host:port`, judged. */
export type Address = `unix:${string}` | `tcp:${string}:${number}`

/** What `node:net` wants to hear for an address. */
export type SocketTarget = { path: string } | { host: string; port: number }

/** The kernel keeps 108 bytes for a socket path, on some systems 104, with the closing zero. */
const unixPathBytesMax = 103

/** The address in `text`, or undefined when it is neither form. IPv6 hosts stand in brackets. */
export const parseAddress = (text: string): Address | undefined => {
  if (text.startsWith('unix:')) {
    const bytes = Buffer.byteLength(text) - 5
    return bytes >= 1 && bytes <= unixPathBytesMax ? `unix:${text.slice(5)}` : undefined
  }
  const match = /^tcp:([^\s:]+|\[[0-9a-fA-F:.]+\]):(\d{1,5})$/.exec(text)
  const port = Number(match?.[2])
  return match && port <= 65_535 ? `tcp:${match[1]}:${port}` : undefined
}

/** Splits a judged address for `net.connect` or `server.listen`. */
export const socketTarget = (address: Address): SocketTarget => {
  if (address.startsWith('unix:')) return { path: address.slice(5) }
  const colon = address.lastIndexOf(':')
  const host = address.slice(4, colon).replace(/^\[|\]$/g, '')
  return { host, port: Number(address.slice(colon + 1)) }
}
