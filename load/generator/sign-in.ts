//! Tokens of load accounts on a connection, so that it may cancel for them.
import { textFrame } from './frames.ts'
import { chunks, type LoadAccount } from './load-accounts.ts'
import type { WireClient } from './wire-client.ts'

/** Signs each group of accounts in on its connection. @throws when one is refused */
export async function signIn(
  clients: readonly WireClient[],
  groups: readonly (readonly LoadAccount[])[],
): Promise<void> {
  await Promise.all(
    clients.map(async (client, i) => {
      for (const some of chunks(groups[i]!, 16)) {
        const tokens = await Promise.all(some.map(({ trader }) => trader.session.token()))
        await ask(
          client,
          tokens.map((token) => `"op":"auth","token":"${token}"}`),
        )
      }
    }),
  )
}

/** Sends requests (JSON without the leading `{`) and waits until each is answered well. */
export async function ask(client: WireClient, bodies: readonly string[]): Promise<void> {
  let left = bodies.length
  const answered = new Promise<void>((resolve, reject) => {
    client.onText = (bytes, start, end) => {
      const text = bytes.toString('latin1', start, Math.min(end, start + 400))
      if (!text.startsWith('{"op"')) return // an event
      if (text.includes('"error"')) reject(new Error(text))
      left -= 1
      if (left === 0) resolve()
    }
  })
  for (const [id, body] of bodies.entries()) client.send(textFrame(`{"id":${id},${body}`))
  await answered
  client.onText = () => {}
}
