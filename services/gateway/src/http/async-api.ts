//! The AsyncAPI 3.0 document of the stream, out of the same zod schemas that check its frames.
import {
  channelData,
  errorObject,
  privateChannels,
  publicChannels,
  type StreamOp,
  streamEvent,
  streamOps,
  streamRequests,
} from '@plumb/protocol'
import { moreStreamExamples, streamExamples } from './doc-examples.ts'
import { type Json, SchemaBook } from './schema-book.ts'

/** Where the stream is. */
export const ADDRESS = '/v1/ws'

const about: { readonly [O in StreamOp]: string } = {
  auth: 'Sign an account in on this connection, with the token of POST /v1/auth. Several may be.',
  ping: 'Answered with the exchange’s clock.',
  subscribe: 'A snapshot follows the answer, then deltas or updates.',
  unsubscribe: 'Ends a subscription.',
  resume:
    'Continues a private channel behind a seq: what was missed comes first. RESUME_TOO_OLD: a snapshot follows. ' +
    '`ledger` is never too old.',
  'order.place': 'Places a signed order: the body of POST /v1/orders.',
  'order.edit':
    'Amends an order: same lane, higher seq. It keeps its place when only the amount shrinks.',
  'order.cancel': 'Cancels an order by either of its ids.',
  'order.cancelAll': 'Cancels all orders, of a market or side if named.',
  'order.batch': 'Places up to 50 orders, sequenced in their order; each has its own outcome.',
  'order.cancelBatch': 'Cancels up to 100 orders; each has its own outcome.',
  'order.cancelAfter':
    'Dead man’s switch: cancels everything, or all of one market, unless called again in time; 0 disarms.',
  'order.cancelOnDisconnect': 'Whether the account’s orders go when this connection does.',
  'leverage.set': 'Chooses the leverage of a market.',
  'marginMode.set': 'Binds a subaccount to one market (isolated), or frees it.',
  'margin.preview': 'What if: margin after hypothetical orders and prices.',
  transfer: 'Moves money to another subaccount of the signer: the body of POST /v1/transfers.',
  withdraw: 'Requests a withdrawal: the body of POST /v1/withdrawals.',
}

const intro = [
  'One connection is first in, first out: requests are sequenced in the order they are sent, whatever each signature takes. ' +
    'Any number may be in flight; answers carry the `id` of their request: `{op, id, result}` or `{op, id, error}`.',
  'A channel is a snapshot and then deltas (apply them) or updates (replace). `prevSeq` is the `seq` before: a gap means ' +
    'resubscribe, or `resume` on a private channel (10 minutes, 512 messages; `ledger` from any seq, also after a restart).',
  'The `book` carries `checksum`: CRC-32 (IEEE) of `price:size,…`, bids then asks, best first, at most 25 of each, both × 1e8 ' +
    'as plain integers.',
  '`ledger` tells each posting of the account once it is durable in the ledger; `agents` of a session key when it is ' +
    'registered, revoked and over.',
  'The exchange pings every 15 s and closes after 45 s of silence (4001); a reader with 1 MiB unread is closed (4008).',
].join('\n')

type Message = {
  name: string
  title: string
  summary?: string
  payload: Json
  examples?: { name: string; payload: Json }[]
}
export type StreamDocument = Json & {
  info: { title: string; version: string; description: string }
  channels: { stream: { address: string; messages: Record<string, Message> } }
  components: { schemas: Json }
}

export function asyncApiDocument(): StreamDocument {
  const book = new SchemaBook()
  const messages: Record<string, Message> = {}
  const operations: Json = {}
  for (const op of streamOps) {
    const name = `request.${op}`
    messages[name] = {
      name,
      title: op,
      summary: about[op],
      payload: book.of(streamRequests[op]),
      examples: [
        { name: op, payload: streamExamples[op] },
        ...Object.entries(moreStreamExamples[op] ?? {}).map(([of, payload]) => ({
          name: `${op} ${of}`,
          payload,
        })),
      ],
    }
    operations[name] = operation('receive', name, about[op])
  }
  messages['answer'] = {
    name: 'answer',
    title: 'Answer to a request',
    payload: {
      type: 'object',
      properties: { op: {}, id: {}, result: {}, error: book.of(errorObject) },
      required: ['op', 'id'],
    },
  }
  operations['answer'] = operation('send', 'answer', 'The outcome of a request')
  const event = book.of(streamEvent)
  for (const channel of [...publicChannels, ...privateChannels]) {
    const name = `event.${channel}`
    const isPrivate = privateChannels.some((one) => one === channel)
    const summary = `Channel \`${channel}\`${isPrivate ? ' (private: name an account that is signed in)' : ''}`
    const data = book.of(channelData[channel])
    const payload = {
      allOf: [event, { type: 'object', properties: { channel: { const: channel }, data } }],
    }
    messages[name] = { name, title: channel, summary, payload }
    operations[name] = operation('send', name, summary)
  }
  return {
    asyncapi: '3.0.0',
    info: { title: 'Plumb stream', version: '1', description: intro },
    defaultContentType: 'application/json',
    channels: { stream: { address: ADDRESS, messages } },
    operations,
    components: { schemas: book.components },
  }
}

function operation(action: 'send' | 'receive', message: string, summary: string): Json {
  return {
    action,
    summary,
    channel: { $ref: '#/channels/stream' },
    messages: [{ $ref: `#/channels/stream/messages/${message.replaceAll('/', '~1')}` }],
  }
}
