//! The WebSocket: subscribes, notices gaps and silence, comes back by itself.

const firstPauseMs = 250
const lastPauseMs = 5_000
const silenceMs = 20_000

const keyOf = (channel, market) => `${channel} ${market ?? ''}`

/**
 * @param onEvent hears every event of a subscribed channel
 * @param onState hears 'open' and 'closed'
 */
export const openStream = ({ url, onEvent, onState }) => {
  const wanted = new Map()
  let socket
  let pauseMs = firstPauseMs
  let nextId = 1
  let heardMs = Date.now()
  const lastSeq = new Map()

  const send = (message) => {
    if (socket?.readyState === WebSocket.OPEN)
      socket.send(JSON.stringify({ ...message, id: String(nextId++) }))
  }
  const subscribe = ({ channel, market }) =>
    send({ op: 'subscribe', channel, ...(market ? { market } : {}) })

  /** A delta that does not follow what we have: the channel is asked for anew. */
  const follows = (event) => {
    const key = keyOf(event.channel, event.market)
    const had = lastSeq.get(key)
    lastSeq.set(key, event.seq)
    if (event.type !== 'delta' || had === undefined || event.prevSeq === had) return true
    lastSeq.delete(key)
    const entry = wanted.get(key)
    if (entry) {
      send({
        op: 'unsubscribe',
        channel: entry.channel,
        ...(entry.market ? { market: entry.market } : {}),
      })
      subscribe(entry)
    }
    return false
  }

  const connect = () => {
    socket = new WebSocket(url)
    socket.addEventListener('open', () => {
      pauseMs = firstPauseMs
      heardMs = Date.now()
      lastSeq.clear()
      onState('open')
      for (const entry of wanted.values()) subscribe(entry)
    })
    socket.addEventListener('message', ({ data }) => {
      heardMs = Date.now()
      const message = JSON.parse(data)
      if (message.channel && wanted.has(keyOf(message.channel, message.market)) && follows(message))
        onEvent(message)
    })
    socket.addEventListener('close', () => {
      onState('closed')
      setTimeout(connect, pauseMs * (0.75 + Math.random() / 2))
      pauseMs = Math.min(pauseMs * 2, lastPauseMs)
    })
  }

  setInterval(() => {
    if (socket?.readyState !== WebSocket.OPEN) return
    if (Date.now() - heardMs > silenceMs) socket.close()
    else send({ op: 'ping' })
  }, 5_000)
  connect()

  return {
    subscribe: (channel, market) => {
      const entry = { channel, market }
      wanted.set(keyOf(channel, market), entry)
      subscribe(entry)
    },
    unsubscribe: (channel, market) => {
      wanted.delete(keyOf(channel, market))
      lastSeq.delete(keyOf(channel, market))
      send({ op: 'unsubscribe', channel, ...(market ? { market } : {}) })
    },
  }
}
